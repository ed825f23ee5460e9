import { isDeepStrictEqual } from 'node:util';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastOperation, BroadcastOptions, UpdateRule } from './broadcast-options.js';
import { changedColumns } from './changed-columns.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';
import { refuseUnknownOptions } from './known-options.js';
import type { Links } from './links.js';
import { type RelationKey, type RelationKeys, relationKeys } from './relation-keys.js';

/** An operation, or the way of one that has rules of its own. */
export type ChangeKind = BroadcastOperation | 'softDelete' | 'recover';

/** A row in one moment, as a rule sees it. */
export interface Seen {
  readonly entity: ObjectLiteral;
  /** All that were read of the row; as it was, those that a write did not look at are what they are now. */
  readonly keys: RelationKeys;
}

/** What is told of each operation. */
export interface OperationRules {
  /** Whether any change of the kind may be told. */
  mayTell(kind: ChangeKind): boolean;
  /**
   * Whether a change is told.
   *
   * @param now the row; of a delete as it was; undefined where only its key is known
   * @param before the row as it was, where that is known
   * @param links what came and went in its relations
   */
  tells(kind: ChangeKind, now: Seen | undefined, before: Seen | undefined, links?: Links): boolean;
  /** Property paths of relations whose foreign keys the rules compare. */
  readonly relations: readonly string[];
}

type Test = (now: Seen, before: Seen | undefined, links: Links | undefined) => boolean;

const OPERATIONS: readonly BroadcastOperation[] = ['create', 'update', 'delete'];

/**
 * Makes `on`, `create`, `update`, `delete`, `softDelete` and `recover` applicable to changes.
 *
 * @param links the many-to-many relations whose links are updates
 * @throws MercureError BROADCAST_INVALID
 */
export function compileRules(
  options: BroadcastOptions,
  metadata: EntityMetadata,
  links: ReadonlySet<string>,
): OperationRules {
  const { on = OPERATIONS, update, softDelete = options.delete, recover } = options;
  if (!Array.isArray(on) || on.length === 0 || on.some((operation) => !OPERATIONS.includes(operation))) {
    throw invalidBroadcast(metadata, 'option "on" is not a list of operations', `Use ${quoted(OPERATIONS)}.`);
  }
  const relations: string[] = [];
  const said = {
    create: compileRule('create', options.create, metadata),
    update: compileUpdate(update, metadata, links, relations),
    delete: compileRule('delete', options.delete, metadata),
    softDelete: compileRule('softDelete', softDelete, metadata),
    // Every column of a row that comes back is news; only the condition carries over.
    recover:
      recover === undefined && typeof update === 'object'
        ? compileRule('recover', update.when && { when: update.when }, metadata)
        : compileRule('recover', recover ?? update, metadata),
  };
  const told = new Map<ChangeKind, Test>();
  for (const [kind, test] of Object.entries(said) as [ChangeKind, Test | undefined][]) {
    if (test && on.includes(operationOf(kind))) told.set(kind, test);
  }
  return {
    mayTell: (kind) => told.has(kind),
    tells: (kind, now, before, links) => {
      const test = told.get(kind);
      return test !== undefined && (now === undefined || test(now, before, links));
    },
    relations,
  };
}

/** What followers see of a kind. */
export function operationOf(kind: ChangeKind): BroadcastOperation {
  if (kind === 'softDelete') return 'delete';
  return kind === 'recover' ? 'update' : kind;
}

/** Undefined is a kind that is never told. */
function compileRule(
  kind: ChangeKind,
  rule: unknown,
  metadata: EntityMetadata,
  known: readonly string[] = ['when'],
): Test | undefined {
  if (rule === false) return undefined;
  if (rule === undefined || rule === true) return () => true;
  if (typeof rule !== 'object' || rule === null) {
    throw invalidBroadcast(metadata, `option "${kind}" is neither false nor an object`, 'Use { when }.');
  }
  refuseUnknownOptions(rule, known, metadata, kind);
  const { when } = rule as UpdateRule;
  if (when === undefined) return () => true;
  if (typeof when !== 'function') {
    throw invalidBroadcast(metadata, `option "${kind}.when" is not a function`, 'Use a function.');
  }
  return (now, before) => when(now.entity, before?.entity);
}

function compileUpdate(
  rule: BroadcastOptions['update'],
  metadata: EntityMetadata,
  links: ReadonlySet<string>,
  relations: string[],
): Test | undefined {
  const when = compileRule('update', rule, metadata, ['columns', 'when']);
  const columns = typeof rule === 'object' ? rule.columns : undefined;
  if (!when || columns === undefined) return when;
  if (!Array.isArray(columns) || columns.length === 0) {
    throw invalidBroadcast(metadata, 'option "update.columns" is not a list of columns', 'Leave it out.');
  }
  const watched = columns.map((name) => watch(name, metadata, links));
  relations.push(...watched.flatMap(({ foreign }) => foreign.map(({ relation }) => relation)));
  return (now, before, links) =>
    (!before || watched.some(({ changed }) => changed(now, before, links))) && when(now, before, links);
}

/** What an update changed, in one of the names of `update.columns`. */
interface Watched {
  readonly changed: (now: Seen, before: Seen, links: Links | undefined) => boolean;
  readonly foreign: readonly RelationKey[];
}

/**
 * A name in `update.columns`: a column, an embedded object with all its columns, a relation by its foreign key, or one
 * whose rows are linked or touch this one.
 */
function watch(name: string, metadata: EntityMetadata, links: ReadonlySet<string>): Watched {
  const linked = [
    ...links,
    ...metadata.relations.flatMap(({ isOneToMany, isOneToOneNotOwner, propertyPath }) =>
      isOneToMany || isOneToOneNotOwner ? propertyPath : [],
    ),
  ];
  if (linked.includes(name))
    return { foreign: [], changed: (_now, _before, changed) => !!changed?.has(name) };
  const columns = metadata.columns.filter(({ isVirtual, isSelect }) => !isVirtual && isSelect);
  const isNamed = (path: string): boolean => path === name || path.startsWith(`${name}.`);
  const foreign = relationKeys(metadata).filter(({ relation }) => relation === name);
  if (foreign.length === 0 && !columns.some(({ propertyPath }) => isNamed(propertyPath))) {
    const known = [
      ...columns.map(({ propertyPath }) => propertyPath),
      ...relationKeys(metadata).map(relationOf),
      ...linked,
    ];
    throw invalidBroadcast(
      metadata,
      `option "update.columns" names "${name}", which is not a column that followers see`,
      `Use ${quoted([...new Set(known)])}.`,
    );
  }
  return {
    foreign,
    changed: (now, before) =>
      [...changedColumns(metadata, before.entity, now.entity)].some(isNamed) ||
      foreign.some(({ path }) => !isDeepStrictEqual(before.keys[path], now.keys[path])),
  };
}

function relationOf({ relation }: RelationKey): string {
  return relation;
}
