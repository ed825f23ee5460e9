import { challenge } from '../authorization/bearer-challenge.js';
import { MercureError } from '../errors.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { answer, type Exchange } from './exchange.js';
import { hubHeaders } from './hub-headers.js';
import { requestOrigin } from './request-origin.js';

const RETRY_AFTER_SECONDS = '1';

/** Answers an error: its reason on the first line, its remedy on the second, and the fields its status asks for. */
export function answerError(
  exchange: Exchange,
  error: unknown,
  options: ResolvedOptions,
  allowed: readonly string[] = [],
): void {
  const known = error instanceof MercureError ? error : fromOutside(error);
  const headers = hubHeaders(exchange, options);
  headers['Content-Type'] = 'text/plain; charset=utf-8';
  const bearer = challenge(known, requestOrigin(exchange.request, options), options);
  if (bearer) headers['WWW-Authenticate'] = bearer;
  if (known.status === 405) headers['Allow'] = allowed.join(', ');
  if (known.status === 503 || known.status === 429) headers['Retry-After'] = RETRY_AFTER_SECONDS;
  answer(exchange, known.status, headers, `${known.message}\n${known.remedy}\n`);
}

/** What a guard or pipe of the application threw: its status and message, as far as they are for strangers. */
function fromOutside(error: unknown): MercureError {
  const status = statusOf(error) ?? 500;
  const reason = status < 500 ? (error as Error).message : 'Internal Server Error';
  return new MercureError('APPLICATION_REFUSED', status, reason, 'The application refused this request.');
}

/** The status an exception of Nest's kind carries; undefined for anything else, whatever was thrown. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('getStatus' in error)) return undefined;
  const status: unknown = typeof error.getStatus === 'function' ? error.getStatus() : undefined;
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) < 600
    ? Number(status)
    : undefined;
}
