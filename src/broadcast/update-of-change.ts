import type { ObjectLiteral } from 'typeorm';
import type { UpdateInput } from '../update/update.js';
import type { BroadcastPlan } from './broadcast-plan.js';
import type { Change } from './change.js';

/**
 * What followers are told about a change, given the row as it is now.
 *
 * The row decides where it contradicts the event: an update whose row is no longer there to be read (its `deletedAt`
 * was set by hand, a later statement deleted it) is told as a delete, and a create without a row is not told at all.
 *
 * @param row the re-read entity, undefined where there is none
 * @returns undefined where there is nothing to tell: the operation is not in `on`, or the row has no topic
 */
export function updateOfChange(
  change: Change,
  row: ObjectLiteral | undefined,
  plan: BroadcastPlan,
): UpdateInput | undefined {
  if (change.operation === 'delete' || !row) {
    return change.operation === 'create' || !plan.on.has('delete') ? undefined : deletion(change, plan);
  }
  return plan.on.has(change.operation) ? update(plan, row, row, () => row) : undefined;
}

/** A delete is judged by the row as it was: its topics, and the same privacy as the updates before it. */
function deletion({ metadata, id, before }: Change, plan: BroadcastPlan): UpdateInput | undefined {
  return update(plan, before ?? id, before, ([topic]) => ({
    '@id': topic,
    '@type': metadata.name,
    ...id,
    deleted: true,
  }));
}

function update(
  plan: BroadcastPlan,
  topicSource: ObjectLiteral,
  known: ObjectLiteral | undefined,
  payload: (topics: string[]) => object,
): UpdateInput | undefined {
  const topic = plan.topicsOf(topicSource);
  if (topic.length === 0) return undefined;
  return {
    topic,
    data: JSON.stringify(payload(topic)),
    private: plan.isPrivate(known),
    ...(plan.type !== undefined && { type: plan.type }),
  };
}
