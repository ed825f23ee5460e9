import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { resourceMetadata, resourceMetadataPath } from '../authorization/resource-metadata.js';
import { MercureError } from '../errors.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest, StreamResponse } from '../sse/event-stream.js';
import { allowedMethods } from './allowed-methods.js';
import { isPreflight, preflightHeaders } from './cors.js';
import { answerError } from './error-answer.js';
import { answer, type Exchange } from './exchange.js';
import { markPlace } from './hub-place.guard.js';
import { hubHeaders } from './hub-headers.js';
import { normaliseTarget, placeOf } from './place.js';
import { hideBody } from './publication-body.js';
import { publicOrigin, requestOrigin } from './request-origin.js';
import { subscriptionsRoot } from './subscription-update.js';
import { routeToList } from './subscriptions-path.js';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** How often sockets that have become idle are closed while the server waits for them. Milliseconds. */
const CLOSE_IDLE_MS = 20;

/**
 * Stands before the adapter, the same for each: what must come before any parser, CORS middleware or guard of the
 * application is decided here, on the HTTP server itself, for requests to the hub's path alone.
 */
export class FrontDoor {
  private server: Server | undefined;
  /** Of HTTP/2, with the number of their open streams. */
  private readonly sessions = new Map<ServerHttp2Session, number>();

  /**
   * Connections without a request so far, as browsers open them in advance: Node does not call them idle, and a closing
   * server would wait for them for a minute.
   */
  private readonly unused = new Set<Socket>();
  /** Undefined: there is no metadata to have. */
  private readonly metadataPath: string | undefined;

  constructor(private readonly options: ResolvedOptions) {
    this.metadataPath = resourceMetadata(options, '') && resourceMetadataPath(options);
  }

  /** Puts itself before the listeners the server has. */
  install(server: Server): void {
    this.server = server;
    claimPath(server, this.options.path);
    const behind = server.listeners('request') as Listener[];
    server.removeAllListeners('request');
    (server as unknown as Http2Server).on('session', (session) => {
      this.sessions.set(session, 0);
      session.once('close', () => this.sessions.delete(session));
      session.on('stream', (stream) => {
        this.count(session, 1);
        stream.once('close', () => this.count(session, -1));
      });
    });
    this.watchUnused(server);
    server.on('request', (request, response) => {
      this.unused.delete(request.socket);
      if (this.handles(request, response)) return;
      for (const listener of behind) listener.call(server, request, response);
    });
  }

  /**
   * Stops listening, before any stream is ended: a client that comes back meanwhile finds another node, or nobody,
   * and tries again; told 503, an EventSource would give up for good. (What still arrives on an open connection is
   * dropped by the controller, once the hub takes nobody on.)
   */
  close(): void {
    const { server } = this;
    if (!server?.listening) return;
    // Node ends the idle sockets of a closing server once; those that fall idle later would hold it for 5 to 72 s,
    // and sessions of HTTP/2 for as long as their clients like.
    const closeIdle = setInterval(() => this.closeIdle(server), CLOSE_IDLE_MS).unref();
    server.close(() => clearInterval(closeIdle));
  }

  private closeIdle(server: Server): void {
    server.closeIdleConnections?.();
    for (const socket of this.unused) socket.destroy();
    // Not sooner: clients there are drop what they have not read yet of a stream when they are told GOAWAY.
    for (const [session, streams] of this.sessions) if (streams === 0) session.close();
  }

  private watchUnused(server: object): void {
    // Connections of HTTP/2 are sessions, and have no request of their own.
    if (!(server instanceof Server || server instanceof HttpsServer)) return;
    server.on(server instanceof HttpsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.unused.add(socket);
      socket.once('close', () => this.unused.delete(socket));
    });
  }

  private count(session: ServerHttp2Session, change: 1 | -1): void {
    const streams = this.sessions.get(session);
    if (streams !== undefined) this.sessions.set(session, streams + change);
  }

  /** Whether a request is answered here. */
  private handles(request: StreamRequest, response: StreamResponse): boolean {
    normaliseTarget(request);
    const place = placeOf(request.url ?? '/', this.metadataPath, this.options);
    markPlace(request, place !== 'elsewhere');
    if (place === 'elsewhere') return false;
    const exchange: Exchange = { request, response };
    try {
      this.checkOrigin(request);
      if (isPreflight(request.method, request.headers) && this.options.corsOrigins.length > 0) {
        const allowed = allowedMethods(place, this.options);
        const permission = preflightHeaders(this.options.corsOrigins, request.headers, allowed);
        answer(exchange, 204, hubHeaders(exchange, this.options, permission), '');
        return true;
      }
      if (place === 'below')
        throw new MercureError('NOT_FOUND', 404, '404 page not found', 'Check the path.');
      checkMethod(request.method ?? 'GET', allowedMethods(place, this.options));
      if (place === 'metadata') {
        this.answerMetadata(exchange);
        return true;
      }
    } catch (error) {
      answerError(exchange, error, this.options, allowedMethods(place, this.options));
      return true;
    }
    if (place === 'subscriptions') routeToList(request, subscriptionsRoot(this.options.path));
    hideBody(request);
    return false;
  }

  /** RFC 9728 §3.1: at a well-known place in front of the hub's path, so outside of it. */
  private answerMetadata(exchange: Exchange): void {
    const document = resourceMetadata(this.options, requestOrigin(exchange.request, this.options));
    const headers = hubHeaders(exchange, this.options, { 'Content-Type': 'application/json' });
    answer(exchange, 200, headers, JSON.stringify(document));
  }

  private checkOrigin(request: StreamRequest): void {
    const { publicUrls } = this.options;
    if (publicUrls.length === 0) return;
    if (publicOrigin(request, publicUrls) !== undefined) return;
    throw new MercureError(
      'ORIGIN_MISDIRECTED',
      421,
      'Misdirected Request',
      'Use one of the public URLs of this hub.',
    );
  }
}

const claimed = new WeakMap<Server, Set<string>>();

/** Two hubs at one path: requests would reach the first, and the options of the second would hold nowhere. */
function claimPath(server: Server, path: string): void {
  const paths = claimed.get(server) ?? new Set<string>();
  claimed.set(server, paths);
  if (paths.has(path)) {
    const remedy = 'Call MercureModule.forRoot() once, or give each hub a path of its own.';
    throw new MercureError('OPTIONS_INVALID', 500, `Two hubs at "${path}". ${remedy}`, remedy);
  }
  paths.add(path);
}

function checkMethod(method: string, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  const hint = method === 'POST' ? ' Without a publisher key this hub takes no publications over HTTP.' : '';
  throw new MercureError(
    'METHOD_NOT_ALLOWED',
    405,
    'Method Not Allowed',
    `Use ${allowed.join(', ')}.${hint}`,
  );
}
