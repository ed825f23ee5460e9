import { MercureError } from '../errors.js';
import { parseForm } from './form.js';
import { readBody } from './read-body.js';
/** A type no body parser claims, so that a publication's body reaches the hub unread, whatever parsers there are. */
export const HIDDEN_TYPE = 'application/x-mercure-publication';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const ESSENCE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/;
const PARAMETER = /^[\w!#$%&'*+.^`|~-]+=([\w!#$%&'*+.^`|~-]+|"[^"]*")$/;
const types = new WeakMap();
/**
 * Keeps the application's body parsers off a publication: their limits (100 KB), their reading of repeated and
 * bracketed fields, and their absence (`bodyParser: false`) differ, and the hub's protocol does not.
 */
export function hideBody(request) {
  if (request.method !== 'POST' && request.method !== 'QUERY') return;
  types.set(request, request.headers['content-type']);
  request.headers['content-type'] = HIDDEN_TYPE;
}
/**
 * The fields of a publication. A body of another type has none, as the protocol knows no other.
 *
 * @param parsed the adapter's parsed body, for requests that never passed the server (`inject`, serverless adapters)
 * @throws MercureError what `readBody` and `parseForm` throw; REQUEST_MALFORMED (400) for no media type
 */
export async function publicationFields(request, parsed, maxBytes) {
  if (!types.has(request)) return parsedFields(parsed);
  const type = types.get(request);
  const body = await readBody(request, maxBytes);
  if (type === undefined) return [];
  if (!isMediaType(type)) {
    throw new MercureError('REQUEST_MALFORMED', 400, 'Bad Request', `Send the body as ${FORM_TYPE}.`);
  }
  return type.split(';', 1)[0].trim().toLowerCase() === FORM_TYPE ? parseForm(body) : [];
}
/** RFC 9110 §8.3.1. */
function isMediaType(type) {
  const [essence, ...parameters] = type.split(';').map((part) => part.trim());
  return (
    ESSENCE.test(essence) && parameters.every((parameter) => parameter === '' || PARAMETER.test(parameter))
  );
}
/** The fields of a subscription sent in a body (`QUERY`); its type is not looked at. */
export async function subscriptionFields(request, parsed, maxBytes) {
  return types.has(request) ? parseForm(await readBody(request, maxBytes)) : parsedFields(parsed);
}
function parsedFields(parsed) {
  if (typeof parsed !== 'object' || parsed === null) return [];
  return Object.entries(parsed).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((item) => typeof item === 'string')
      .map((item) => [name, item]),
  );
}
//# sourceMappingURL=publication-body.js.map
