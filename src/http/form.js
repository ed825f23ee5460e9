import { MercureError } from '../errors.js';
const BROKEN_ESCAPE = /%(?![0-9a-f]{2})/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** The values a field was given. */
export function valuesOf(fields, name) {
  return fields.filter(([field]) => field === name).map(([, value]) => value);
}
/**
 * Parses an `application/x-www-form-urlencoded` body. Nothing is repaired: what is published is what was sent.
 *
 * @throws MercureError UPDATE_INVALID naming the field, REQUEST_MALFORMED (400)
 */
export function parseForm(body) {
  let text;
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
 * undecodable bytes becomes a lone surrogate, which no check for text lets pass.
 */
export function parseQuery(url) {
  const start = url.indexOf('?');
  if (start === -1) return [];
  const fields = [];
  for (const [rawName, rawValue] of pairsOf(url.slice(start + 1))) {
    if (BROKEN_ESCAPE.test(rawName) || BROKEN_ESCAPE.test(rawValue)) continue;
    fields.push([decode(rawName) ?? '\ud800', decode(rawValue) ?? '\ud800']);
  }
  return fields;
}
function pairsOf(text) {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    });
}
function decode(text) {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}
function malformed(remedy) {
  return new MercureError('REQUEST_MALFORMED', 400, 'Bad Request', remedy);
}
//# sourceMappingURL=form.js.map
