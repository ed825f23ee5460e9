import type { IncomingHttpHeaders } from 'node:http';
import { MercureError } from '../errors.js';
import { legacyCursorParameters } from '../legacy/cursor-names.js';
import type { Protocol } from '../options/mercure-options.js';
import { MAX_ID_BYTES } from '../update/validate-update.js';
import { exceedsBytes, isPlainText } from '../update/text.js';
import { type Fields, UNDECODABLE, valuesOf } from './form.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The id a subscriber resumes from: header before query, and the first name that is given. Empty where it is given
 * without a value, which still asks for the response header; undefined where it is not given at all.
 *
 * @throws MercureError REQUEST_MALFORMED (400) where no update can have that id
 */
export function requestedCursor(
  headers: IncomingHttpHeaders,
  query: Fields,
  protocol: Protocol,
): string | undefined {
  const header = headers['last-event-id'];
  const named =
    typeof header === 'string' && header !== ''
      ? (decodeHeader(header) ?? UNDECODABLE)
      : fromQuery(query, protocol);
  const requested = named ?? (header === undefined ? undefined : '');
  if (requested !== undefined && (!isPlainText(requested) || exceedsBytes(requested, MAX_ID_BYTES))) {
    throw new MercureError(
      'REQUEST_MALFORMED',
      400,
      'Bad Request',
      `The id to resume from has at most ${MAX_ID_BYTES} bytes of UTF-8 and no control characters.`,
    );
  }
  return requested;
}

/**
 * A header's value as text: its bytes are UTF-8, and Node hands them over one character a byte. Undefined: they are
 * none.
 */
function decodeHeader(value: string): string | undefined {
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return undefined;
  }
}

/** The reverse: Node refuses, or mangles, any character over U+00FF. */
export function encodeHeader(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

function fromQuery(query: Fields, protocol: Protocol): string | undefined {
  const names = [...(protocol === '0.x' ? [] : ['last_event_id']), ...legacyCursorParameters(protocol)];
  return names.map((name) => valuesOf(query, name)[0]).find((value) => value !== undefined);
}
