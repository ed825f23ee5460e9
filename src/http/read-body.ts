import { MercureError } from '../errors.js';
import type { StreamRequest } from '../sse/event-stream.js';
import { GrowingBuffer } from './growing-buffer.js';

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
export function readBody(request: StreamRequest, maxBytes: number): Promise<Buffer> {
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
  const declared = request.headers['content-length'];
  if (maxBytes !== 0 && Number(declared ?? 0) > maxBytes) {
    discardRest(request);
    return Promise.reject(tooLarge(maxBytes));
  }
  if (request.destroyed) return Promise.reject(gone());
  const whole = takeWhole(request, declared);
  if (whole) return Promise.resolve(whole);
  return new Promise((resolve, reject) => {
    const body = new GrowingBuffer(maxBytes);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      act();
    };
    const fail = (error: MercureError) =>
      settle(() => {
        discardRest(request);
        reject(error);
      });
    const onData = (chunk: Buffer) => {
      if (maxBytes !== 0 && body.length + chunk.length > maxBytes) fail(tooLarge(maxBytes));
      else body.append(chunk);
    };
    const onEnd = () => settle(() => resolve(body.bytes));
    const onGone = () => fail(gone());
    const onTimeout = () =>
      fail(new MercureError('BODY_TIMEOUT', 408, 'Request Timeout', 'Send the body faster.'));
    const timer = setTimeout(onTimeout, BODY_TIMEOUT_MS).unref();
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

/**
 * The body where all of it is there already, as it is when it came with its head: no listeners, no timer, no copy.
 * Undefined: it is not, or who sends it does not say how long it is.
 */
function takeWhole(request: StreamRequest, declared: string | undefined): Buffer | undefined {
  if (declared === undefined || request.readableLength !== Number(declared)) return undefined;
  const body = request.read() as Buffer | null;
  // On to its end, of which the server hears in turn.
  request.resume();
  return body ?? Buffer.alloc(0);
}

/**
 * Lets the rest of a refused body run into nothing for a while: a connection closed on a client that is still sending
 * is reset, and the client never reads why.
 */
function discardRest(request: StreamRequest): void {
  if (request.destroyed) return;
  request.resume();
  setTimeout(() => {
    if (!request.complete) request.destroy();
  }, DISCARD_MS).unref();
}

function gone(): MercureError {
  return new MercureError('REQUEST_MALFORMED', 400, 'Bad Request', 'Send the whole body.');
}

function tooLarge(maxBytes: number): MercureError {
  return new MercureError(
    'BODY_TOO_LARGE',
    413,
    'Request Entity Too Large',
    `A publication has at most ${maxBytes} bytes.`,
  );
}
