import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import type { BroadcastPlan } from './broadcast-plan.js';
import type { BroadcastPlans } from './broadcast-plans.js';
import type { Change } from './change.js';
import { broadcastFailed } from './broadcast-failed.js';
import { coalesce } from './coalesce.js';
import type { FaultLog } from './fault-log.js';
import type { Broadcasting } from './publish-queue.js';
import { SavepointRefused } from './guarded-read.js';
import { readEntities, type Row } from './read-entities.js';
import { touchedRows } from './touched-rows.js';
import { type Told, updatesOfChange, updatesOfUnnamed } from './updates-of-change.js';
import type { Pace } from './update-window.js';

/** What it takes to tell changes. */
export interface Telling {
  readonly plans: BroadcastPlans;
  readonly faults: FaultLog;
  /** Whether a declaration that fails fails all. Default: it costs its own updates. */
  readonly strict?: boolean;
  /** Whether a read that failed fails all, because it may be tried again. Default: it costs its entity's updates. */
  readonly isPassing?: (error: unknown) => boolean;
  /** A row as a change left it, where it was changed again since; null where it left none. Default: it is read. */
  readonly leftBy?: (change: Change) => Row | null | undefined;
  /** The id of an update, from what is its own among all that are told together. Default: the hub makes one. */
  readonly idOf?: (name: string) => string;
}

/** The beginning of a line in the log. */
export function whatOf({ operation, metadata }: Pick<Change, 'operation' | 'metadata'>): string {
  return `Broadcast of entity "${metadata.name}" (${operation})`;
}

/**
 * Makes updates of changes: coalesced, with the rows as the runner sees them now. A read that fails costs its entity's
 * broadcasts, which is logged, and nothing else.
 *
 * @param runner of the transaction that made the changes, which sees its own writes in one snapshot; or one without a
 * transaction, for changes that are committed
 * @param certain whether every event is known to belong to what the runner sees. Where it is not, a delete whose row is
 * there did not happen or was undone, and is not told; where it is, deletes cost no read
 * @param locked whether the rows are locked against others' writes until the runner's transaction ends; of the rows they
 * touch none is. Default false
 * @throws SavepointRefused where the transaction takes no more reads; MercureError BROADCAST_FAILED where telling is strict
 */
export async function tellChanges(
  changes: readonly Change[],
  runner: QueryRunner,
  telling: Telling,
  { certain, locked }: { certain: boolean; locked?: boolean },
): Promise<Broadcasting[]> {
  const { plans } = telling;
  const own = await specify(coalesce(changes), runner, telling);
  const wanted = own.filter(
    (change) => mayTell(change, plans) || plans.touchesOf(change.metadata).length > 0,
  );
  const named = wanted.filter(({ unnamed }) => !unnamed);
  const uncertain = certain ? named.filter(({ operation }) => operation !== 'delete') : named;
  const rows = await readAll(uncertain, runner, telling, locked);
  const touched = own.flatMap((change) =>
    touchedRows(change, rowOf(rows, change), plans.touchesOf(change.metadata)),
  );
  if (touched.length === 0) return broadcastsOf(own, rows, telling);
  const all = coalesce([...own, ...touched]);
  const known = new Set(own.map(({ key }) => key));
  const others = await specify(
    all.filter(({ key }) => !known.has(key)),
    runner,
    telling,
  );
  const more = await readAll(others, runner, telling);
  return broadcastsOf([...all.slice(0, own.length), ...others], new Map([...rows, ...more]), telling);
}

/**
 * Links name a row by its table: which child of single-table inheritance it is only the row can say. One SELECT for
 * each 500 of those.
 */
async function specify(
  changes: readonly Change[],
  runner: QueryRunner,
  telling: Telling,
): Promise<readonly Change[]> {
  const unknown = changes.filter(
    ({ way, metadata }) => way === 'links' && metadata.childEntityMetadatas.length > 0,
  );
  if (unknown.length === 0) return changes;
  const rows = await readAll(unknown, runner, telling);
  return changes.map((change) => {
    const row = rowOf(rows, change);
    return row ? { ...change, metadata: change.metadata.findInheritanceMetadata(row.entity) } : change;
  });
}

function broadcastsOf(changes: readonly Change[], rows: Rows, telling: Telling): Broadcasting[] {
  const { plans } = telling;
  return changes
    .filter((change) => mayTell(change, plans))
    .flatMap((change) => broadcastsOfChange(change, rows.get(change.key), telling));
}

function mayTell({ metadata, operation }: Change, plans: BroadcastPlans): boolean {
  return plans.of(metadata)?.some((plan) => mayBeTold(plan, operation)) === true;
}

/** An update may turn out to be another operation to those who follow: the row has moved, or is no longer there. */
function mayBeTold({ rules }: BroadcastPlan, operation: BroadcastOperation): boolean {
  if (operation === 'update') return true;
  return rules.mayTell(operation) || (operation === 'delete' && rules.mayTell('softDelete'));
}

/** Rows of a criteria write are only for those who ask for them. */
function isToldBy(plan: BroadcastPlan, { operation, criteria, unnamed }: Change): boolean {
  return mayBeTold(plan, operation) && (!criteria || unnamed || plan.bulk.mode === 'ids');
}

const UNREAD = Symbol('unread');

/** Rows by `Change.key`; absent where there is none, UNREAD where the read failed. */
type Rows = ReadonlyMap<string, Row | typeof UNREAD>;

function rowOf(rows: Rows, { key }: Change): Row | undefined {
  const row = rows.get(key);
  return row === UNREAD ? undefined : row;
}

async function readAll(
  changes: readonly Change[],
  runner: QueryRunner,
  { plans, faults, isPassing, leftBy }: Telling,
  locked?: boolean,
): Promise<Rows> {
  const rows = new Map<string, Row | typeof UNREAD>();
  const unknown = changes.filter((change) => {
    const left = leftBy?.(change);
    if (left) rows.set(change.key, left);
    return left === undefined;
  });
  for (const [metadata, ofEntity] of byEntity(unknown)) {
    try {
      const reading = { ...plans.readingOf(metadata), locked };
      for (const [key, row] of await readEntities(runner, reading, ofEntity)) rows.set(key, row);
    } catch (error) {
      if (error instanceof SavepointRefused || isPassing?.(error)) throw error;
      for (const change of ofEntity) {
        rows.set(change.key, UNREAD);
        faults.error(whatOf(change), error, 'The row is saved; let the application read all its columns.');
      }
    }
  }
  return rows;
}

function byEntity(changes: readonly Change[]): Map<EntityMetadata, Change[]> {
  const groups = new Map<EntityMetadata, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.metadata);
    if (group) group.push(change);
    else groups.set(change.metadata, [change]);
  }
  return groups;
}

/** The updates of each declaration; one that fails (a topic function that throws) costs only itself. */
function broadcastsOfChange(
  change: Change,
  read: Row | typeof UNREAD | undefined,
  { plans, faults, strict, idOf }: Telling,
): Broadcasting[] {
  const row = read === UNREAD ? undefined : read;
  const isDelete = change.operation === 'delete';
  if (isDelete ? row : read === UNREAD) return [];
  const what = whatOf(change);
  const concerned = plans.of(change.metadata)?.filter((plan) => isToldBy(plan, change)) ?? [];
  return concerned.flatMap((plan, index) => {
    try {
      const told = change.unnamed ? updatesOfUnnamed(change, plan) : updatesOfChange(change, row, plan);
      return told.map((each) => {
        const id = idOf?.(`${change.key} ${index} ${each.operation} ${each.iri}`);
        const update = id === undefined ? each.update : { ...each.update, id };
        return { update, what, pace: paceOf(each, told, plan) };
      });
    } catch (error) {
      const remedy = 'Correct its functions ("topic", "private", "when", "serialize", "type") or toJSON().';
      faults.error(what, error, remedy);
      if (strict) throw broadcastFailed(what, error, remedy);
      return [];
    }
  });
}

/** Only an update by itself may wait: one that goes with a delete is told with it. */
function paceOf({ operation, iri }: Told, all: readonly Told[], { window }: BroadcastPlan): Pace | undefined {
  if (!window) return undefined;
  const { id, ...times } = window;
  return { ...times, key: `${id} ${iri}`, waits: operation === 'update' && all.length === 1 };
}
