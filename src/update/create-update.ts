import { MercureError } from '../errors.js';
import type { Update, UpdateInput } from './update.js';

const FIELDS = new Set<string>(['topic', 'data', 'private', 'id', 'type', 'retry']);

/**
 * Makes an update of what application code says: one topic or several, objects as JSON.
 *
 * @throws MercureError UPDATE_INVALID where a field has the wrong type, is unknown, or does not serialise
 */
export function createUpdate(input: UpdateInput, generateId: () => string): Update {
  for (const field of Object.keys(input)) {
    if (!FIELDS.has(field)) throw wrong(field, `it is not one of ${[...FIELDS].join(', ')}`);
  }
  const topics: readonly unknown[] = Array.isArray(input.topic) ? [...input.topic] : [input.topic];
  if (!topics.every((topic) => typeof topic === 'string'))
    throw wrong('topic', 'give a string or an array of them');
  for (const field of ['id', 'type'] as const) {
    if (input[field] !== undefined && typeof input[field] !== 'string') throw wrong(field, 'give a string');
  }
  if (input.private !== undefined && typeof input.private !== 'boolean')
    throw wrong('private', 'give a boolean');
  return {
    id: input.id ?? generateId(),
    topics,
    data: serialise(input.data),
    private: input.private ?? false,
    ...(input.type ? { type: input.type } : undefined),
    ...(input.retry !== undefined && input.retry !== 0 ? { retry: input.retry } : undefined),
  };
}

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

function wrong(field: string, remedy: string, cause?: unknown): MercureError {
  return new MercureError(
    'UPDATE_INVALID',
    400,
    `Invalid "${field}" of an update`,
    `The field "${field}": ${remedy}.`,
    {
      cause,
    },
  );
}
