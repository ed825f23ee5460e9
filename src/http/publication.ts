import { MercureError } from '../errors.js';
import type { UpdateInput } from '../update/update.js';
import type { Fields } from './form.js';

const DECIMAL = /^\d{1,16}$/;

/** An update as a publisher's form says it: the topics, and the rest. */
export interface Publication extends UpdateInput {
  readonly topic: readonly string[];
}

/**
 * Reads the protocol's fields (draft-dunglas-mercure-08, publication): `topic` may be repeated, of the others the
 * first counts, `private` counts by being there, unknown fields are ignored.
 *
 * @throws MercureError UPDATE_INVALID (400) where `retry` is no whole number
 */
export function publicationOf(fields: Fields): Publication {
  const topic: string[] = [];
  const first = new Map<string, string>();
  for (const [name, value] of fields) {
    if (name === 'topic') topic.push(value);
    else if (!first.has(name)) first.set(name, value);
  }
  return {
    topic,
    data: first.get('data') ?? '',
    private: first.has('private'),
    id: first.get('id') || undefined,
    type: first.get('type') || undefined,
    retry: retryOf(first.get('retry')),
  };
}

function retryOf(text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (DECIMAL.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new MercureError(
    'UPDATE_INVALID',
    400,
    'Invalid "retry" parameter',
    'Send a whole number of milliseconds.',
  );
}
