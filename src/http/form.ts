import { isAscii } from 'node:buffer';
import { MercureError } from '../errors.js';

/** Fields of a form or query, in their order, repeated ones each time. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** Stands for bytes that are no UTF-8: a lone surrogate, which no check for text lets pass. */
export const UNDECODABLE = '\ud800';

const BROKEN_ESCAPE = /%(?![0-9a-f]{2})/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Fields of one request. A megabyte of `a&` is half a million: read all, they would be 36 MiB and a quarter of a second
 * in which nobody else is served.
 */
const MAX_FIELDS = 5_000;

/** The values a field was given. */
export function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([field]) => field === name).map(([, value]) => value);
}

/**
 * Parses an `application/x-www-form-urlencoded` body. Nothing is repaired: what is published is what was sent.
 *
 * @throws MercureError UPDATE_INVALID naming the field, REQUEST_MALFORMED (400)
 */
export function parseForm(body: Uint8Array): Fields {
  const pairs = pairsOf(textOf(body));
  if (pairs.length > MAX_FIELDS) throw malformed(`A body has at most ${MAX_FIELDS} fields.`);
  return pairs.map(([rawName, rawValue]) => {
    const name = decode(rawName);
    const value = decode(rawValue);
    if (name === undefined) throw malformed('Percent-encode the fields of the body as UTF-8.');
    if (value === undefined) {
      if (BROKEN_ESCAPE.test(rawValue))
        throw malformed('A "%" of the body is not followed by two hex digits.');
      throw new MercureError(
        'UPDATE_INVALID',
        400,
        `"${name.slice(0, 100)}" field is not valid UTF-8`,
        'Encode it as UTF-8.',
      );
    }
    return [name, value];
  });
}

/**
 * Parses the query of a request target. Pairs with a broken escape are dropped, as hubs have always done; a value of
 * undecodable bytes becomes `UNDECODABLE`.
 */
export function parseQuery(url: string): Fields {
  const start = url.indexOf('?');
  if (start === -1) return [];
  const fields: [string, string][] = [];
  for (const [rawName, rawValue] of pairsOf(url.slice(start + 1))) {
    if (BROKEN_ESCAPE.test(rawName) || BROKEN_ESCAPE.test(rawValue)) continue;
    fields.push([decode(rawName) ?? UNDECODABLE, decode(rawValue) ?? UNDECODABLE]);
  }
  return fields;
}

function textOf(body: Uint8Array): string {
  // As forms are sent by all who percent-encode: nothing to be decoded, and nothing to be refused.
  if (isAscii(body)) return Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  try {
    return utf8.decode(body);
  } catch {
    throw malformed('The body is not valid UTF-8; percent-encode it.');
  }
}

/** Names and values as they stand; one more than may be, where there are too many. */
function pairsOf(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (let start = 0; start < text.length && pairs.length <= MAX_FIELDS;) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand === -1 ? text.length : ampersand;
    const equals = text.indexOf('=', start);
    if (end > start) {
      const hasValue = equals !== -1 && equals < end;
      pairs.push([text.slice(start, hasValue ? equals : end), hasValue ? text.slice(equals + 1, end) : '']);
    }
    start = end + 1;
  }
  return pairs;
}

function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

function malformed(remedy: string): MercureError {
  return new MercureError('REQUEST_MALFORMED', 400, 'Bad Request', remedy);
}
