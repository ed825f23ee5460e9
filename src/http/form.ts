import { MercureError } from '../errors.js';

/** Fields of a form or query, in their order, repeated ones each time. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** Stands for bytes that are no UTF-8: a lone surrogate, which no check for text lets pass. */
export const UNDECODABLE = '\ud800';

const BROKEN_ESCAPE = /%(?![0-9a-f]{2})/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw malformed('The body is not valid UTF-8; percent-encode it.');
  }
  return pairsOf(text).map(([rawName, rawValue]) => {
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

function pairsOf(text: string): [string, string][] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    });
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
