import type { ServerResponse } from 'node:http';
import type { EventStream, StreamRequest, StreamResponse } from './event-stream.js';
import { ResponseStream } from './response-stream.js';
import { SocketStream } from './socket-stream.js';
import { writeHead } from './write-head.js';

/** Shows half-open peers to the kernel; its own probes then decide. Milliseconds. */
const KEEP_ALIVE_MS = 45_000;

/** As the protocol asks, and `no-transform`, without which a compressing middleware holds every event back. */
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  Pragma: 'no-cache',
  // Spelled as the reference hub sends it; it is no standard field, and nothing but compatibility wants it.
  Expire: '0',
  'X-Accel-Buffering': 'no',
};

/**
 * Answers a request with an event stream: head, and a first comment at once, so that proxies and clients see it open.
 * Undefined where there is nothing to stream to: `HEAD` is answered with the head alone, and a request pipelined
 * behind an open stream has its connection closed, for it would never get a socket to be written on, nor be missed.
 */
export function openEventStream(
  request: StreamRequest,
  response: StreamResponse,
  headers: Readonly<Record<string, string>>,
): EventStream | undefined {
  const http1 = request.httpVersionMajor === 1;
  if (http1 && !response.socket) {
    request.socket.destroy();
    return undefined;
  }
  // HTTP/2 forbids connection-specific fields (RFC 9113 §8.2.2), an HTTP/1.0 stream ends with its connection, and a
  // client that asks for the end of the connection gets it.
  const keeps = request.httpVersion === '1.1' && (response as ServerResponse).shouldKeepAlive;
  const connection = keeps ? { Connection: 'keep-alive' } : undefined;
  writeHead(response, 200, { ...headers, ...STREAM_HEADERS, ...connection });
  if (request.method === 'HEAD') {
    response.end();
    return undefined;
  }
  // On a body that nobody reads Node pauses the socket, and would not see its client go.
  request.resume();
  // A server's idle timeout would end a quiet stream at its first silence.
  request.socket.setTimeout(0);
  request.socket.setKeepAlive(true, KEEP_ALIVE_MS);
  (response as ServerResponse).write(':\n');
  if (http1 && !response.hasHeader('content-encoding')) return new SocketStream(response as ServerResponse);
  const { flush } = response as { flush?: () => void };
  flush?.call(response);
  return new ResponseStream(response);
}
