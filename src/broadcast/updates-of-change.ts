import { isDeepStrictEqual } from 'node:util';
import type { ObjectLiteral } from 'typeorm';
import type { UpdateInput } from '../update/update.js';
import type { BroadcastChange, BroadcastOperation } from './broadcast-options.js';
import { fateOf } from './bulk-plan.js';
import type { BroadcastPlan } from './broadcast-plan.js';
import { type Change, wasGone } from './change.js';
import { changedColumns } from './changed-columns.js';
import { withCarried } from './compile-relations.js';
import { linkedBefore } from './linked-rows.js';
import { type ChangeKind, operationOf, type Seen } from './operation-rules.js';
import type { Row } from './read-entities.js';
import type { Signature } from './update-window.js';

/** An update, and what it says. */
export interface Told {
  readonly update: UpdateInput;
  readonly operation: BroadcastOperation;
  /** The canonical topic: of what is deleted, the one it had. */
  readonly iri: string;
  readonly signature: Signature | undefined;
}

/** A row as followers know or shall know it. */
interface Image {
  /** Undefined where nothing but the key is known. */
  readonly seen: Seen | undefined;
  /** The canonical one first. */
  readonly topics: readonly string[];
  readonly isPrivate: boolean;
}

/**
 * What followers are told about a change, given the row as it is now.
 *
 * The row decides where it contradicts the event: an update whose row was there and no longer is to be read (its
 * `deletedAt` was set by hand, a later statement deleted it, another transaction did before it) is told as a delete, and
 * a create without a row is not told at all.
 *
 * @param row the re-read row, undefined where there is none
 * @returns none where there is nothing to tell: the operation is not told, or the row has no topic
 */
export function updatesOfChange(change: Change, row: Row | undefined, plan: BroadcastPlan): Told[] {
  const { operation, metadata } = change;
  if (change.way === 'links') return row && hears(plan, change) ? updatesOfRow(change, row, plan) : [];
  if (operation === 'delete') {
    if (change.way === 'softDelete' && wasGone(change)) return [];
    return deletion(change.way ?? 'delete', change, imageBefore(change, row, plan), plan);
  }
  if (!row) {
    const kind = metadata.deleteDateColumn ? 'softDelete' : 'delete';
    // Nobody was told of a row that nothing shows was ever there.
    return operation === 'create' || !change.before || wasGone(change)
      ? []
      : deletion(kind, change, imageBefore(change, row, plan), plan);
  }
  return updatesOfRow(change, row, plan);
}

function updatesOfRow(change: Change, row: Row, plan: BroadcastPlan): Told[] {
  // With nothing but its links changed, the row itself is what it was.
  const was = change.way === 'links' ? row.entity : change.before;
  const way = wayOf(change);
  const now = image(row, plan);
  if (!was) return update(way, change, now, plan);
  if (change.returned && isAsItWas(change, was, row)) return [];
  const before = imageBefore({ ...change, before: was }, row, plan);
  const gone = deletion('delete', change, { ...before, topics: left(before, now) }, plan, before.topics[0]);
  // To those who follow where it is now, what came from elsewhere is new.
  const kind = before.topics[0] === now.topics[0] ? way : 'create';
  return [...gone, ...update(kind, change, now, plan, before)];
}

/** Whether nothing is new to those who follow: no column that may be read, no foreign key, no link. */
function isAsItWas({ metadata, keys, links }: Change, was: ObjectLiteral, now: Row): boolean {
  // A key that is null now is one that it had; one that was not read is not known.
  const sameKeys = Object.entries(keys).every(
    ([path, key]) => !(path in now.keys) || isDeepStrictEqual(key, now.keys[path]),
  );
  return !links && sameKeys && changedColumns(metadata, was, now.entity).size === 0;
}

/** The rules that hold for what its followers see: a row that was out of their sight comes back. */
function wayOf(change: Change): ChangeKind {
  if (change.way && change.way !== 'links') return change.way;
  return wasGone(change) ? 'recover' : change.operation;
}

function hears(plan: BroadcastPlan, { links }: Change): boolean {
  return [...(links?.keys() ?? [])].some((path) => plan.hears(path));
}

/** What followers of the collection are told about rows that nobody knows, where they are to be told. */
export function updatesOfUnnamed(
  { operation, originator, criteria = false }: Change,
  { bulk, payloads }: BroadcastPlan,
): Told[] {
  const { collection } = bulk;
  if (fateOf(bulk, criteria) !== 'collection' || collection === undefined) return [];
  const image = { seen: undefined, topics: [collection], isPrivate: false };
  const payload = payloads.ofBulk(operation, collection);
  return [
    tell(
      image,
      payload,
      bulk.typeOf(operation),
      { operation, before: undefined, iri: collection },
      originator,
    ),
  ];
}

function image({ entity: row, keys, linked }: Row, plan: BroadcastPlan): Image {
  const entity = withCarried(row, plan.carried, keys, linked);
  return { seen: { entity, keys }, topics: plan.topics.of(entity, keys), isPrivate: plan.isPrivate(entity) };
}

/** A row as it was. Of a foreign key that the write did not look at it had what it has now. */
function imageBefore(change: Change, row: Row | undefined, plan: BroadcastPlan): Image {
  const { before: was, id, links } = change;
  const keys = { ...row?.keys, ...change.keys };
  const linked = linkedBefore(row?.linked ?? change.linked, links);
  const entity = was && withCarried(was, plan.carried, keys, linked);
  return {
    seen: entity && { entity, keys },
    topics: plan.topics.of(entity ?? id, keys),
    isPrivate: plan.isPrivate(entity),
  };
}

/**
 * The topics whose followers lose sight of the row: those it left. With a new canonical topic, or for those who are
 * not granted what has become private, it is all of them: they know it by a name that is no more.
 */
function left(before: Image, now: Image): readonly string[] {
  const hidden = now.isPrivate && !before.isPrivate;
  if (hidden || before.topics[0] !== now.topics[0]) return before.topics;
  return before.topics.filter((topic) => !now.topics.includes(topic));
}

function update(
  kind: ChangeKind,
  { id, originator, links }: Change,
  now: Image,
  plan: BroadcastPlan,
  before?: Image,
): Told[] {
  const entity = now.seen?.entity;
  const earlier = before?.seen?.entity;
  const [iri] = now.topics;
  if (!entity || iri === undefined || !plan.rules.tells(kind, now.seen, before?.seen, links)) return [];
  const change = { operation: operationOf(kind), before: earlier, iri };
  const known = before && kind !== 'recover' && sameFollowers(before, now) ? earlier : undefined;
  const payload = plan.payloads.ofRow(entity, id, change, known);
  return payload ? [tell(now, payload, plan.typeOf(entity, change), change, originator)] : [];
}

function sameFollowers(before: Image, now: Image): boolean {
  return before.isPrivate === now.isPrivate && isDeepStrictEqual(before.topics, now.topics);
}

/**
 * A delete is judged by the row as it was: its topics, and the same privacy as the updates before it.
 *
 * @param iri what the row was known by: its canonical topic, which need not be among those that are told
 */
function deletion(
  kind: ChangeKind,
  { id, originator }: Change,
  before: Image,
  plan: BroadcastPlan,
  iri = before.topics[0],
): Told[] {
  const entity = before.seen?.entity;
  if (before.topics.length === 0 || iri === undefined) return [];
  if (!plan.rules.tells(kind, before.seen, before.seen)) return [];
  const change = { operation: 'delete', before: entity, iri } as const;
  const payload = plan.payloads.ofDelete(entity, id, iri);
  return [tell(before, payload, plan.typeOf(entity ?? id, change), change, originator)];
}

function tell(
  { topics, isPrivate }: Image,
  payload: object,
  type: string | undefined,
  { operation, iri }: BroadcastChange,
  originator: string | undefined,
): Told {
  const text = JSON.stringify(payload);
  const signature = originator === undefined ? undefined : { originator, unsigned: text };
  const data = signature ? signed(signature) : text;
  const update = { topic: topics, data, private: isPrivate };
  return { update: type === undefined ? update : { ...update, type }, operation, iri, signature };
}

/** Lists have no place for it. */
function signed({ originator, unsigned }: Signature): string {
  const payload: unknown = JSON.parse(unsigned);
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return unsigned;
  return JSON.stringify({ originator, ...payload });
}
