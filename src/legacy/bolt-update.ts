import { MercureError } from '../errors.js';
import { isReservedTopic } from '../update/reserved-topic.js';
import type { Update } from '../update/update.js';

/** A value of the Go hub's Bolt file, as its encoder writes it. */
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  Topics: (value) => Array.isArray(value) && value.every((topic) => typeof topic === 'string'),
  ID: (value) => typeof value === 'string',
  Data: (value) => typeof value === 'string',
  Type: (value) => typeof value === 'string',
  Retry: (value) => typeof value === 'number',
  Private: (value) => typeof value === 'boolean',
  // Whether that hub logged it.
  Debug: (value) => typeof value === 'boolean',
};
const REQUIRED = ['Topics', 'ID'];

interface BoltUpdate {
  readonly Topics: string[];
  readonly ID: string;
  readonly Data?: string;
  readonly Type?: string;
  readonly Retry?: number;
  readonly Private?: boolean;
}

/**
 * The update that a value of the Go hub's Bolt file is; whether it is a valid one is not looked at.
 *
 * @throws MercureError UPDATE_INVALID where it is no such value
 */
export function readBoltUpdate(json: string): Update {
  const value = parse(json);
  const wrong = Object.keys(value).find((name) => !FIELDS[name]?.(value[name]));
  if (wrong !== undefined) {
    throw invalid(
      Object.hasOwn(FIELDS, wrong) ? `its "${wrong}" is of another type` : 'it has a field too many',
    );
  }
  const missing = REQUIRED.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw invalid(`it has no "${missing}"`);
  const { Topics, ID, Data = '', Type = '', Retry = 0, Private = false } = value as unknown as BoltUpdate;
  return {
    id: ID,
    topics: Topics,
    data: Data,
    private: Private,
    ...(Type !== '' && { type: Type }),
    ...(Retry !== 0 && { retry: Retry }),
  };
}

/** Whether that hub made it itself, about a subscription: those it tells of are gone. */
export function isSubscriptionEvent({ topics }: Update, hubUrl: URL): boolean {
  return topics.some((topic) => isReservedTopic(topic, hubUrl));
}

function parse(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw invalid('it is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is no object');
  return value as Record<string, unknown>;
}

function invalid(fault: string): MercureError {
  return new MercureError('UPDATE_INVALID', 400, fault, 'Export the values of the bucket, one a line.');
}
