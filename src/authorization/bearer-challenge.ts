import type { MercureError, MercureErrorCode } from '../errors.js';
import { resourceMetadataUrl } from './resource-metadata.js';

/** RFC 6750 §3.1. Without a token there is no error to name. */
const BEARER_ERRORS: ReadonlyMap<MercureErrorCode, string | undefined> = new Map([
  ['TOKEN_MISSING', undefined],
  ['TOKEN_INVALID', 'invalid_token'],
  ['AUTHORIZATION_MALFORMED', 'invalid_request'],
  ['ORIGIN_NOT_ALLOWED', 'invalid_request'],
  ['GRANT_MISSING', 'insufficient_scope'],
]);

/**
 * The `WWW-Authenticate` of an answer: why the credential did not do (RFC 6750 §3), and where 1.0 is on, where to
 * read how to get a better one (RFC 9728 §5.1). Undefined for errors that are not about authorization.
 *
 * @param error absent: no token was sent
 * @param origin scheme://host of the request as its client sees it
 */
export function challenge(
  error: MercureError | undefined,
  origin: string,
  options: Parameters<typeof resourceMetadataUrl>[0],
): string | undefined {
  const code = error?.code ?? 'TOKEN_MISSING';
  if (!BEARER_ERRORS.has(code)) return undefined;
  const reason = BEARER_ERRORS.get(code);
  const metadata = resourceMetadataUrl(options, origin);
  const parameters = [
    reason && `error="${reason}"`,
    metadata && `resource_metadata=${quoted(metadata)}`,
  ].filter(Boolean);
  return parameters.length === 0 ? 'Bearer' : `Bearer ${parameters.join(', ')}`;
}

/** RFC 9110 §5.6.4. The host of a URL may hold quotes, and is whatever the request says it is. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
