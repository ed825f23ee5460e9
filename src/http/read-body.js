import { MercureError } from '../errors.js';
/** What a client gets to send a whole body. Milliseconds. */
const BODY_TIMEOUT_MS = 30_000;
/** What a client whose body was refused gets to stop sending it. Milliseconds. */
const DISCARD_MS = 5_000;
/**
 * Reads a request's body, holding at most `maxBytes` of it (0: unbounded).
 *
 * @throws MercureError BODY_TOO_LARGE (413), BODY_TIMEOUT (408), BODY_ENCODING_UNSUPPORTED (415: a small compressed
 * body may be a large one), REQUEST_MALFORMED (400: the client went away)
 */
export function readBody(request, maxBytes) {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return Promise.reject(
      new MercureError(
        'BODY_ENCODING_UNSUPPORTED',
        415,
        'Unsupported Media Type',
        'Send the body uncompressed.',
      ),
    );
  }
  const declared = Number(request.headers['content-length'] ?? 0);
  if (maxBytes !== 0 && declared > maxBytes) {
    discardRest(request);
    return Promise.reject(tooLarge(maxBytes));
  }
  return new Promise((resolve, reject) => {
    const chunks = [];
    let bytes = 0;
    const settle = (act) => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      act();
    };
    const fail = (error) =>
      settle(() => {
        discardRest(request);
        reject(error);
      });
    const onData = (chunk) => {
      bytes += chunk.length;
      if (maxBytes !== 0 && bytes > maxBytes) fail(tooLarge(maxBytes));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks)));
    const onGone = () =>
      fail(new MercureError('REQUEST_MALFORMED', 400, 'Bad Request', 'Send the whole body.'));
    const onTimeout = () =>
      fail(new MercureError('BODY_TIMEOUT', 408, 'Request Timeout', 'Send the body faster.'));
    const timer = setTimeout(onTimeout, BODY_TIMEOUT_MS).unref();
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}
/**
 * Lets the rest of a refused body run into nothing for a while: a connection closed on a client that is still sending
 * is reset, and the client never reads why.
 */
function discardRest(request) {
  request.resume();
  setTimeout(() => {
    if (!request.complete) request.destroy();
  }, DISCARD_MS).unref();
}
function tooLarge(maxBytes) {
  return new MercureError(
    'BODY_TOO_LARGE',
    413,
    'Request Entity Too Large',
    `A publication has at most ${maxBytes} bytes.`,
  );
}
//# sourceMappingURL=read-body.js.map
