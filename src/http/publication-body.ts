import { MercureError } from '../errors.js';
import type { StreamRequest } from '../sse/event-stream.js';
import { type Fields, parseForm } from './form.js';
import { readBody } from './read-body.js';
import { notesOf } from './request-notes.js';

/** A type no body parser claims, so that a publication's body reaches the hub unread, whatever parsers there are. */
export const HIDDEN_TYPE = 'application/x-mercure-publication';

const FORM_TYPE = 'application/x-www-form-urlencoded';
const ESSENCE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/;
const PARAMETER = /^[\w!#$%&'*+.^`|~-]+=([\w!#$%&'*+.^`|~-]+|"[^"]*")$/;

/**
 * Keeps the application's body parsers off a publication: their limits (100 KB), their reading of repeated and
 * bracketed fields, and their absence (`bodyParser: false`) differ, and the hub's protocol does not.
 */
export function hideBody(request: StreamRequest): void {
  if (request.method !== 'POST' && request.method !== 'QUERY') return;
  notesOf(request).hidden = { contentType: request.headers['content-type'] };
  request.headers['content-type'] = HIDDEN_TYPE;
}

/**
 * The fields of a publication. A body of another type has none, as the protocol knows no other.
 *
 * @param parsed what the adapter has made of the body, where a parser took it all the same
 * @throws MercureError what `readBody` and `parseForm` throw; REQUEST_MALFORMED (400) for no media type
 */
export async function publicationFields(
  request: StreamRequest,
  parsed: unknown,
  maxBytes: number,
): Promise<Fields> {
  const { hidden } = notesOf(request);
  const type = hidden ? hidden.contentType : request.headers['content-type'];
  const body = await bodyOf(request, parsed, maxBytes);
  if (type === FORM_TYPE) return fieldsOf(body);
  if (type === undefined) return [];
  if (!isMediaType(type)) {
    throw new MercureError('REQUEST_MALFORMED', 400, 'Bad Request', `Send the body as ${FORM_TYPE}.`);
  }
  return type.split(';', 1)[0]!.trim().toLowerCase() === FORM_TYPE ? fieldsOf(body) : [];
}

/** The fields of a subscription sent in a body (`QUERY`); its type is not looked at. */
export async function subscriptionFields(
  request: StreamRequest,
  parsed: unknown,
  maxBytes: number,
): Promise<Fields> {
  return fieldsOf(await bodyOf(request, parsed, maxBytes));
}

/**
 * The bytes of a body; or, where they are gone, what was made of them: by a parser that takes every type, or of a
 * request that never passed the server (`inject`, serverless adapters). To be awaited.
 */
function bodyOf(request: StreamRequest, parsed: unknown, maxBytes: number): unknown {
  if (!request.readableEnded && notesOf(request).hidden) return readBody(request, maxBytes);
  if (typeof parsed === 'string') return Buffer.from(parsed);
  return parsed;
}

function fieldsOf(body: unknown): Fields {
  if (body instanceof Uint8Array) return parseForm(body);
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value])
      .filter((item): item is string => typeof item === 'string')
      .map((item): [string, string] => [name, item]),
  );
}

/** RFC 9110 §8.3.1. */
function isMediaType(type: string): boolean {
  const [essence, ...parameters] = type.split(';').map((part) => part.trim());
  return (
    ESSENCE.test(essence!) && parameters.every((parameter) => parameter === '' || PARAMETER.test(parameter))
  );
}
