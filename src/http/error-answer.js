import { challenge } from '../authorization/bearer-challenge.js';
import { MercureError } from '../errors.js';
import { answer } from './exchange.js';
import { setHubHeaders } from './hub-headers.js';
import { requestOrigin } from './request-origin.js';
const RETRY_AFTER_SECONDS = '1';
/** Answers an error: its reason on the first line, its remedy on the second, and the fields its status asks for. */
export function answerError(exchange, error, options, allowed = []) {
  const known = error instanceof MercureError ? error : fromOutside(error);
  setHubHeaders(exchange, options);
  const headers = { 'Content-Type': 'text/plain; charset=utf-8' };
  const bearer = challenge(known, requestOrigin(exchange.request, options), options);
  if (bearer) headers['WWW-Authenticate'] = bearer;
  if (known.status === 405) headers['Allow'] = allowed.join(', ');
  if (known.status === 503 || known.status === 429) headers['Retry-After'] = RETRY_AFTER_SECONDS;
  answer(exchange, known.status, headers, `${known.message}\n${known.remedy}\n`);
}
/** What a guard or pipe of the application threw: its status and message, as far as they are for strangers. */
function fromOutside(error) {
  const { getStatus, message } = error;
  const status = getStatus?.call(error) ?? 500;
  const reason = status < 500 ? String(message) : 'Internal Server Error';
  return new MercureError('REQUEST_MALFORMED', status, reason, 'The application refused this request.');
}
//# sourceMappingURL=error-answer.js.map
