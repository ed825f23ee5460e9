import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { MercureError } from '../errors.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest, StreamResponse } from '../sse/event-stream.js';
import { allowedMethods } from './allowed-methods.js';
import { isPreflight, preflightHeaders } from './cors.js';
import { answerError } from './error-answer.js';
import { answer, type Exchange } from './exchange.js';
import { setHubHeaders } from './hub-headers.js';
import { hideBody } from './publication-body.js';
import { ownOrigin } from './request-origin.js';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** How often sockets that have become idle are closed while the server waits for them. Milliseconds. */
const CLOSE_IDLE_MS = 20;

/**
 * Stands before the adapter, the same for each: what must come before any parser, CORS middleware or guard of the
 * application is decided here, on the HTTP server itself, for requests to the hub's path alone.
 */
export class FrontDoor {
  private server: Server | undefined;
  private closing = false;

  constructor(private readonly options: ResolvedOptions) {}

  /** Puts itself before the listeners the server has. */
  install(server: Server): void {
    this.server = server;
    const behind = server.listeners('request') as Listener[];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      if (this.handles(request, response)) return;
      for (const listener of behind) listener.call(server, request, response);
    });
  }

  /**
   * Stops listening, before any stream is ended: a client that comes back meanwhile finds another node, or nobody,
   * and tries again; told 503, an EventSource would give up for good. What still arrives on an open connection has
   * that closed without an answer.
   */
  close(): void {
    this.closing = true;
    const { server } = this;
    if (!server?.listening) return;
    // Node ends the idle sockets of a closing server once; those that fall idle later would hold it for 5 to 72 s.
    const closeIdle = setInterval(() => server.closeIdleConnections?.(), CLOSE_IDLE_MS).unref();
    server.close(() => clearInterval(closeIdle));
  }

  /** Whether a request is answered here. */
  private handles(request: StreamRequest, response: StreamResponse): boolean {
    const place = this.placeOf(request.url ?? '/');
    if (place === 'elsewhere') return false;
    const exchange: Exchange = { request, response };
    if (this.closing && request.method !== 'POST') {
      dropConnection(request);
      return true;
    }
    try {
      this.checkOrigin(request);
      if (isPreflight(request.method, request.headers) && this.options.corsOrigins.length > 0) {
        setHubHeaders(exchange, this.options);
        answer(exchange, 204, preflightHeaders(this.options.corsOrigins, request.headers), '');
        return true;
      }
      if (place === 'below')
        throw new MercureError('NOT_FOUND', 404, '404 page not found', 'Check the path.');
      this.checkMethod(request.method ?? 'GET');
    } catch (error) {
      answerError(exchange, error, this.options);
      return true;
    }
    hideBody(request);
    return false;
  }

  /** Compared as sent: no decoding, no cleaning. */
  private placeOf(url: string): 'hub' | 'below' | 'elsewhere' {
    const { path } = this.options;
    if (!url.startsWith(path)) return 'elsewhere';
    const next = url[path.length];
    if (next === undefined || next === '?') return 'hub';
    return next === '/' ? 'below' : 'elsewhere';
  }

  private checkOrigin(request: StreamRequest): void {
    const { publicUrls } = this.options;
    if (publicUrls.length === 0) return;
    if (publicUrls.some((url) => new URL(url).origin === ownOrigin(request))) return;
    throw new MercureError(
      'ORIGIN_MISDIRECTED',
      421,
      'Misdirected Request',
      'Use one of the public URLs of this hub.',
    );
  }

  private checkMethod(method: string): void {
    const allowed = allowedMethods(this.options);
    if (allowed.includes(method)) return;
    throw new MercureError('METHOD_NOT_ALLOWED', 405, 'Method Not Allowed', `Use ${allowed.join(', ')}.`);
  }
}

function dropConnection(request: StreamRequest): void {
  const { stream } = request as Http2ServerRequest;
  if (request.httpVersionMajor === 2) stream.destroy();
  else request.socket.destroy();
}
