/** What has become of the changes of an entity, in this process, since it started. */
export interface BroadcastCounts {
  /** The entity's name: one of the same name in another DataSource is counted with it. */
  readonly entity: string;
  /** Updates that the hub has; under `delivery: 'outbox'` those that were committed, whoever publishes them. */
  readonly published: number;
  /** Changes that were not told by themselves: of a row that changed again in its transaction, or in its window. */
  readonly coalesced: number;
  /** Changes that were not told because of `suppress()` or `enabled`; a write that names no row is one. */
  readonly suppressed: number;
  /** Changes or updates that should have been told, and never will be. The log says why. */
  readonly failed: number;
  /** Writes that named no row to one of the entity's declarations, whatever its option `bulk` made of them. */
  readonly bulk: number;
}

export type BroadcastCount = Exclude<keyof BroadcastCounts, 'entity'>;

const COUNTS: readonly BroadcastCount[] = ['published', 'coalesced', 'suppressed', 'failed', 'bulk'];

/** Of a change no more: applications without TypeORM read these types. */
interface ChangeOfEntity {
  readonly metadata: { readonly name: string };
}

/** Counts by entity: there are no more of these than the application declares. */
export class BroadcastCounter {
  readonly #byEntity = new Map<
    string,
    { -readonly [Name in keyof BroadcastCounts]: BroadcastCounts[Name] }
  >();

  /** Of the entities of which there is anything to count. */
  get all(): readonly BroadcastCounts[] {
    return [...this.#byEntity.values()].map((counts) => ({ ...counts }));
  }

  add(count: BroadcastCount, entity: string, by = 1): void {
    let counts = this.#byEntity.get(entity);
    if (!counts) {
      counts = { entity, published: 0, coalesced: 0, suppressed: 0, failed: 0, bulk: 0 };
      this.#byEntity.set(entity, counts);
    }
    counts[count] += by;
  }

  addAll(count: BroadcastCount, things: Iterable<{ readonly entity: string }>): void {
    for (const { entity } of things) this.add(count, entity);
  }

  addChanges(count: BroadcastCount, changes: Iterable<ChangeOfEntity>): void {
    for (const { metadata } of changes) this.add(count, metadata.name);
  }

  /** Takes what another one counted: an attempt that may have failed, and counted for nothing. */
  merge({ all }: BroadcastCounter): void {
    for (const { entity, ...counts } of all) {
      for (const name of COUNTS) this.add(name, entity, counts[name]);
    }
  }

  /** Changes became fewer. */
  coalesced(changes: readonly ChangeOfEntity[], fewer: readonly ChangeOfEntity[]): void {
    if (changes.length === fewer.length) return;
    this.addChanges('coalesced', changes);
    for (const { metadata } of fewer) this.add('coalesced', metadata.name, -1);
  }
}
