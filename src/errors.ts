/**
 * Every failure this package reports, by its stable `code`. Codes never change meaning between versions;
 * messages may be reworded.
 */
export type MercureErrorCode =
  // options and start
  | 'OPTIONS_INVALID'
  | 'BROADCAST_INVALID'
  // a transaction that is not committed
  | 'BROADCAST_FAILED'
  // requests
  | 'REQUEST_MALFORMED'
  | 'TOPIC_MISSING'
  | 'MATCHER_UNKNOWN'
  | 'MATCHER_INVALID'
  | 'TOO_MANY_MATCHERS'
  | 'TOO_MANY_CONNECTIONS'
  | 'TOO_MANY_PATTERNS'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'ORIGIN_MISDIRECTED'
  | 'APPLICATION_REFUSED'
  | 'BODY_TOO_LARGE'
  | 'BODY_TIMEOUT'
  | 'BODY_ENCODING_UNSUPPORTED'
  // authorization
  | 'TOKEN_MISSING'
  | 'TOKEN_INVALID'
  | 'AUTHORIZATION_MALFORMED'
  | 'ORIGIN_NOT_ALLOWED'
  | 'GRANT_MISSING'
  // updates
  | 'UPDATE_INVALID'
  | 'UPDATE_TOO_LARGE'
  | 'TOPIC_RESERVED'
  // the hub and its transport
  | 'TRANSPORT_INVALID'
  | 'TRANSPORT_UNAVAILABLE'
  | 'ID_CONFLICT'
  | 'HUB_OVERLOADED'
  | 'HUB_CLOSED'
  // tokens made here
  | 'TOKEN_NOT_MINTABLE';

/**
 * The one error class of this package.
 *
 * `message` is the short reason (the first line of an HTTP answer), `remedy` what the reader can do about it
 * (the second line), `status` the HTTP status where one applies. None of them ever holds a token, a key or
 * the data of an update: they are written to logs and sent to strangers.
 */
export class MercureError extends Error {
  override readonly name = 'MercureError';

  constructor(
    readonly code: MercureErrorCode,
    readonly status: number,
    message: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    // A cause that is undefined would be printed as one.
    super(message, options?.cause === undefined ? undefined : options);
  }
}
