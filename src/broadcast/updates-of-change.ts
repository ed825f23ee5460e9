import type { ObjectLiteral } from 'typeorm';
import type { UpdateInput } from '../update/update.js';
import type { BroadcastPlan } from './broadcast-plan.js';
import type { Change } from './change.js';
import type { Row } from './read-entities.js';

/** A row as followers know or shall know it. */
interface Image {
  /** The canonical one first. */
  readonly topics: readonly string[];
  readonly isPrivate: boolean;
}

/**
 * What followers are told about a change, given the row as it is now.
 *
 * The row decides where it contradicts the event: an update whose row is no longer there to be read (its `deletedAt`
 * was set by hand, a later statement deleted it) is told as a delete, and a create without a row is not told at all.
 *
 * @param row the re-read row, undefined where there is none
 * @returns none where there is nothing to tell: the operation is not in `on`, or the row has no topic
 */
export function updatesOfChange(change: Change, row: Row | undefined, plan: BroadcastPlan): UpdateInput[] {
  if (change.operation === 'delete' || !row) {
    return change.operation === 'create' ? [] : deletion(change, imageBefore(change, undefined, plan), plan);
  }
  const now = { topics: plan.topics.of(row.entity, row.keys), isPrivate: plan.isPrivate(row.entity) };
  const before = change.before && imageBefore(change, row, plan);
  const moved = before !== undefined && before.topics[0] !== now.topics[0];
  const gone = before
    ? deletion(change, { ...before, topics: left(before, now) }, plan, before.topics[0])
    : [];
  // To those who follow where it is now, what came from elsewhere is new.
  const operation = moved ? 'create' : change.operation;
  return plan.on.has(operation) ? [...gone, ...update(now, row.entity, plan)] : gone;
}

/** A row as it was. Of a foreign key that the write did not look at it had what it has now. */
function imageBefore({ before, keys, id }: Change, row: Row | undefined, plan: BroadcastPlan): Image {
  return {
    topics: plan.topics.of(before ?? id, { ...row?.keys, ...keys }),
    isPrivate: plan.isPrivate(before),
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

/**
 * A delete is judged by the row as it was: its topics, and the same privacy as the updates before it.
 *
 * @param iri what the row was known by: its canonical topic, which need not be among those that are told
 */
function deletion(
  { metadata, id }: Change,
  image: Image,
  plan: BroadcastPlan,
  iri = image.topics[0],
): UpdateInput[] {
  if (!plan.on.has('delete')) return [];
  return update(image, { '@id': iri, '@type': metadata.name, ...id, deleted: true }, plan);
}

function update(
  { topics, isPrivate }: Image,
  payload: ObjectLiteral,
  { type }: BroadcastPlan,
): UpdateInput[] {
  if (topics.length === 0) return [];
  const data = JSON.stringify(payload);
  return [{ topic: [...topics], data, private: isPrivate, ...(type !== undefined && { type }) }];
}
