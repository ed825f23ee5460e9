import { MercureError } from '../errors.js';
import type { UpdateInput } from '../update/update.js';
import { type Fields, valuesOf } from './form.js';

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
  const first = (name: string) => valuesOf(fields, name)[0];
  return {
    topic: valuesOf(fields, 'topic'),
    data: first('data') ?? '',
    private: first('private') !== undefined,
    id: first('id') || undefined,
    type: first('type') || undefined,
    retry: retryOf(first('retry')),
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
