import type { ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { StreamRequest, StreamResponse } from '../sse/event-stream.js';
import { writeHead } from '../sse/write-head.js';

/** A request and its response as Node has them, whatever the adapter wraps around them. */
export interface Exchange {
  readonly request: StreamRequest;
  readonly response: StreamResponse;
}

/** Fastify's reply, as far as it is used: what `hijack` means is told in its documentation. */
interface Reply {
  readonly raw: StreamResponse;
  hijack(): void;
  getHeaders(): Record<string, number | string | string[] | undefined>;
}

/**
 * Takes the exchange over from the adapter: the hub answers by itself, so that no interceptor, serialiser or
 * compression of the application comes between the protocol and its bytes. Headers set so far are kept.
 */
export function takeOver(request: unknown, response: unknown): Exchange {
  if (!isReply(response)) return { request: request as StreamRequest, response: response as StreamResponse };
  const { raw } = response;
  if (!raw.headersSent) {
    for (const [name, value] of Object.entries(response.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
  }
  response.hijack();
  return { request: rawRequest(request), response: raw };
}

/**
 * Ends a request without an answer. A client that is told 503 gives its EventSource up for good; one that loses its
 * connection tries again, and finds another node or the restarted hub.
 */
export function dropConnection(request: StreamRequest): void {
  if (request.httpVersionMajor === 2) (request as Http2ServerRequest).stream.destroy();
  else request.socket.destroy();
}

/** Whether the client has gone away: its connection, or its stream of one, is no more. */
export function isGone(request: StreamRequest): boolean {
  if (request.httpVersionMajor === 2) return (request as Http2ServerRequest).stream.destroyed;
  return request.socket.destroyed;
}

/** Node's request under an adapter's. */
export function rawRequest(request: unknown): StreamRequest {
  return ((request as { raw?: StreamRequest }).raw ?? request) as StreamRequest;
}

/** Adds a header to a response that the adapter will send, beside those of that name it already has. */
export function appendHeader(response: unknown, name: string, value: string): void {
  if (isReply(response)) {
    const reply = response as Reply & { header(name: string, value: string | string[]): void };
    const before = reply.getHeaders()[name.toLowerCase()];
    // Fastify adds to Set-Cookie by itself and replaces every other header.
    const added =
      before === undefined || name.toLowerCase() === 'set-cookie' ? value : `${String(before)}, ${value}`;
    reply.header(name, added);
  } else {
    (response as StreamResponse & { appendHeader(name: string, value: string): void }).appendHeader(
      name,
      value,
    );
  }
}

/** Whole answers of the hub: status, headers, a short text. */
export function answer(
  { request, response }: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  if (response.headersSent || response.destroyed) return;
  const length = body === '' ? undefined : { 'Content-Length': String(Buffer.byteLength(body)) };
  writeHead(response, status, Object.assign({}, headers, length));
  if (request.method === 'HEAD' || body === '') response.end();
  // The two kinds of response agree here, but their overloads do not meet in one type.
  else (response as ServerResponse).end(body);
}

function isReply(response: unknown): response is Reply {
  return typeof (response as Partial<Reply>).hijack === 'function';
}
