import type { QueryRunner } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import type { BroadcastPlan } from './broadcast-plan.js';
import type { BroadcastPlans } from './broadcast-plans.js';
import { type Change, whatOf } from './change.js';
import type { BroadcastCounter } from './broadcast-counts.js';
import { broadcastFailed } from './broadcast-failed.js';
import { coalesce } from './coalesce.js';
import type { Touch } from './compile-touch.js';
import { readsBehindSnapshot } from './driver-traits.js';
import type { FaultLog } from './fault-log.js';
import type { Broadcasting } from './publish-queue.js';
import { readAll, rowOf, type Rows, specify, UNREAD } from './read-changes.js';
import type { Row } from './read-entities.js';
import { touchedRows } from './touched-rows.js';
import { type Told, updatesOfChange, updatesOfUnnamed } from './updates-of-change.js';
import type { Pace } from './update-window.js';

/** What it takes to tell changes. */
export interface Telling {
  readonly plans: BroadcastPlans;
  readonly faults: FaultLog;
  readonly counts: BroadcastCounter;
  /** Whether a declaration that fails fails all. Default: it costs its own updates. */
  readonly strict?: boolean;
  /** Whether a read that failed fails all, because it may be tried again. Default: it costs its entity's updates. */
  readonly isPassing?: (error: unknown) => boolean;
  /** A row as a change left it, where it was changed again since; null where it left none. Default: it is read. */
  readonly leftBy?: (change: Change) => Row | null | undefined;
  /** The id of an update, from what is its own among all that are told together. Default: the hub makes one. */
  readonly idOf?: (name: string) => string;
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
  const own = await specify(fewer(changes, telling), runner, telling);
  const rows = await readAll(toRead(own, plans, certain), runner, telling, locked);
  const touched = own.flatMap((change) => touchedRows(change, rowOf(rows, change), touchesOf(change, plans)));
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

/** What can be told of a transaction before its commit, and what only when its place in the order is its own. */
export interface Settled {
  readonly broadcasts: readonly Broadcasting[];
  /** Coalesced. */
  readonly open: readonly Change[];
  /** Both by `Change.key`, in the order in which they are to be told. */
  readonly order: readonly string[];
}

/**
 * Makes updates of a transaction's changes, just before its commit, where others write at the same time: of the rows
 * that it wrote, and so has locked. What it has not locked another one may change and commit before it does, and would
 * then be told before it, with the newer state: rows that are touched or linked, what is linked to a row, and a row that
 * is no longer there. Those are left open.
 *
 * @param runner of the transaction
 * @param certain whether every change is known to be the transaction's own, so that deletes cost no read
 * @throws SavepointRefused where the transaction takes no more reads; MercureError BROADCAST_FAILED where telling is strict
 */
export async function tellSettled(
  changes: readonly Change[],
  runner: QueryRunner,
  telling: Telling,
  { certain }: { certain: boolean },
): Promise<Settled> {
  const { plans } = telling;
  const own = fewer(changes, telling);
  const locked = own.filter((change) => isLocked(change, plans));
  // An older snapshot hides what another one had changed to the same value before, where that is a write of nothing.
  const rows = await readAll(toRead(locked, plans, certain), runner, telling, readsBehindSnapshot(runner));
  const settled = locked.filter(
    ({ key, operation, unnamed }) => operation !== 'update' || unnamed || rows.has(key),
  );
  const touched = settled.flatMap((change) =>
    touchedRows(change, rowOf(rows, change), touchesOf(change, plans)),
  );
  const keys = new Set(settled.map(({ key }) => key));
  const all = touched.length > 0 ? coalesce([...own, ...touched]) : own;
  return {
    broadcasts: broadcastsOf(
      all.filter(({ key }) => keys.has(key)),
      rows,
      telling,
    ),
    open: all.filter((change) => !keys.has(change.key) && mayBeWanted(change, plans)),
    order: all.map(({ key }) => key),
  };
}

/** Coalesced, and counted. */
export function fewer(changes: readonly Change[], { counts }: Pick<Telling, 'counts'>): Change[] {
  const coalesced = coalesce(changes);
  counts.coalesced(changes, coalesced);
  return coalesced;
}

/** Which child of single-table inheritance a row is, it may have to say itself. */
function mayBeWanted(change: Change, plans: BroadcastPlans): boolean {
  return isWanted(change, plans) || change.metadata.childEntityMetadatas.length > 0;
}

/** The broadcasts of settled changes and of open ones, in order; what open ones touched in their turn comes last. */
export function inOrder({ broadcasts, order }: Settled, rest: readonly Broadcasting[]): Broadcasting[] {
  const places = new Map(order.map((key, index) => [key, index] as const));
  const placeOf = ({ row = '' }: Broadcasting): number => places.get(row) ?? order.length;
  return [...broadcasts, ...rest].toSorted((one, other) => placeOf(one) - placeOf(other));
}

/** Whether a row's content is the transaction's until it ends. A row that is gone has none. */
function isLocked({ operation, way, metadata, unnamed }: Change, plans: BroadcastPlans): boolean {
  if (operation === 'delete' || unnamed) return true;
  return way !== 'links' && plans.readingOf(metadata).linked.length === 0;
}

function toRead(changes: readonly Change[], plans: BroadcastPlans, certain: boolean): readonly Change[] {
  const named = changes.filter((change) => !change.unnamed && isWanted(change, plans));
  return certain ? named.filter(({ operation }) => operation !== 'delete') : named;
}

function isWanted(change: Change, plans: BroadcastPlans): boolean {
  return mayTell(change, plans) || touchesOf(change, plans).length > 0;
}

/** A touched row touches no others. */
function touchesOf({ metadata, touched }: Change, plans: BroadcastPlans): readonly Touch[] {
  return touched ? [] : plans.touchesOf(metadata);
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

/** The updates of each declaration; one that fails (a topic function that throws) costs only itself. */
function broadcastsOfChange(
  change: Change,
  read: Row | typeof UNREAD | undefined,
  { plans, faults, counts, strict, idOf }: Telling,
): Broadcasting[] {
  const row = read === UNREAD ? undefined : read;
  const isDelete = change.operation === 'delete';
  if (isDelete ? row : read === UNREAD) return [];
  const what = whatOf(change);
  const entity = change.metadata.name;
  const concerned = plans.of(change.metadata)?.filter((plan) => isToldBy(plan, change)) ?? [];
  return concerned.flatMap((plan, index) => {
    try {
      const told = change.unnamed ? updatesOfUnnamed(change, plan) : updatesOfChange(change, row, plan);
      return told.map((each) => {
        const id = idOf?.(`${change.key} ${index} ${each.operation} ${each.iri}`);
        const update = id === undefined ? each.update : { ...each.update, id };
        return { update, what, entity, row: change.key, pace: paceOf(change, each, told, plan) };
      });
    } catch (error) {
      const remedy = 'Correct its functions ("topic", "private", "when", "serialize", "type") or toJSON().';
      faults.error(what, error, remedy);
      if (strict) throw broadcastFailed(what, error, remedy);
      counts.add('failed', entity);
      return [];
    }
  });
}

/** Only an update by itself may wait: one that goes with a delete is told with it. */
function paceOf(
  { key }: Change,
  { operation, signature }: Told,
  all: readonly Told[],
  { window }: BroadcastPlan,
): Pace | undefined {
  if (!window) return undefined;
  const { id, ...times } = window;
  const waits = operation === 'update' && all.length === 1;
  return { ...times, key: `${id} ${key}`, waits, signature };
}
