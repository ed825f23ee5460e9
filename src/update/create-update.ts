import { MercureError } from '../errors.js';
import type { Update, UpdateInput } from './update.js';

const FIELDS = new Set<string>(['topic', 'data', 'private', 'id', 'type', 'retry']);

/**
 * Makes an update of what application code says: one topic or several, objects as JSON.
 *
 * @throws MercureError UPDATE_INVALID where a field has the wrong type, is unknown, or does not serialise
 */
export function createUpdate(input: UpdateInput, generateId: () => string): Update {
  for (const field in input)
    if (!FIELDS.has(field)) throw wrong(field, `it is not one of ${[...FIELDS].join(', ')}`);
  const { topic, id, type, retry, private: isPrivate } = input;
  const topics: readonly unknown[] = Array.isArray(topic) ? [...topic] : [topic];
  if (!topics.every((each) => typeof each === 'string'))
    throw wrong('topic', 'give a string or an array of them');
  if (id !== undefined && typeof id !== 'string') throw wrong('id', 'give a string');
  if (type !== undefined && typeof type !== 'string') throw wrong('type', 'give a string');
  if (isPrivate !== undefined && typeof isPrivate !== 'boolean') throw wrong('private', 'give a boolean');
  const update: Writable<Update> = {
    id: id ?? generateId(),
    topics,
    data: serialise(input.data),
    private: isPrivate ?? false,
  };
  if (type) update.type = type;
  if (retry !== undefined && retry !== 0) update.retry = retry;
  return update;
}

/** Whether publishers name updates, and can send one again, or the hub does. */
export type IdOrigin = 'given' | 'made';

/** Of what is published together. */
export function idOrigin(inputs: readonly Pick<UpdateInput, 'id'>[]): IdOrigin {
  return inputs.some(({ id }) => id !== undefined) ? 'given' : 'made';
}

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

/** The text of an update's data: objects as JSON. @throws MercureError UPDATE_INVALID where it does not serialise */
export function serialise(data: string | object | undefined): string {
  if (data === undefined) return '';
  if (typeof data === 'string') return data;
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (error) {
    throw wrong('data', 'it does not serialise to JSON', error);
  }
  if (text === undefined) throw wrong('data', 'it does not serialise to JSON');
  return text;
}

/** The message says it all: code of the application that throws it prints nothing else. */
function wrong(field: string, remedy: string, cause?: unknown): MercureError {
  const message = `Invalid "${field}" of an update: ${remedy}`;
  return new MercureError('UPDATE_INVALID', 400, message, `The field "${field}": ${remedy}.`, { cause });
}
