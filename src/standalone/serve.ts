import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Server } from 'node:http';
import type { Http2Session } from 'node:http2';
import type { EventEmitter } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { MercureModule } from '../mercure.module.js';
import type { MercureOptions } from '../options/mercure-options.js';
import { answerProbes } from './probes.js';
import type { ServerSettings } from './server-settings.js';
import { startError } from './start-error.js';

/** How long what is under way may take when the streams are over. Milliseconds; under what orchestrators grant. */
const DRAIN_MS = 5000;

export interface ServedHub {
  /** Where it listens, as seen from this machine. */
  readonly origin: string;
  /** Stops listening, ends the streams, lets what is under way finish. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a hub with a server of its own.
 *
 * @throws MercureError OPTIONS_INVALID where the hub refuses its options, or the port cannot be had
 */
export async function serveHub(
  options: MercureOptions,
  settings: ServerSettings,
  logger: LoggerService,
): Promise<ServedHub> {
  const app = await NestFactory.create<NestFastifyApplication>(
    MercureModule.forRoot(options),
    adapterFor(settings),
    {
      logger,
      abortOnError: false,
    },
  );
  answerProbes(app, logger);
  const server: Server = app.getHttpServer();
  server.requestTimeout = settings.readTimeoutMs;
  server.headersTimeout = settings.readHeaderTimeoutMs;
  const endSessions = trackSessions(server);
  const cutSockets = trackSockets(server);
  await listen(app, settings);
  return {
    origin: originOf(server, settings),
    close: async () => {
      const guard = setTimeout(cutSockets, (options.shutdownSpreadMs ?? 0) + DRAIN_MS);
      endSessions();
      await app.close();
      clearTimeout(guard);
    },
  };
}

function adapterFor({ tls }: ServerSettings): FastifyAdapter {
  if (!tls) return new FastifyAdapter();
  return new FastifyAdapter({ http2: true, https: { ...tls, allowHTTP1: true } });
}

/** Every interface means IPv6 and IPv4 together, and IPv4 alone where there is no IPv6. */
async function listen(app: NestFastifyApplication, { port, host }: ServerSettings): Promise<void> {
  try {
    await app.listen(port, host ?? '::');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (host === undefined && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) {
      await listen(app, { port, host: '0.0.0.0' } as ServerSettings);
      return;
    }
    const [fault, remedy] = LISTEN_FAULTS[code ?? ''] ?? [`fails (${code})`, 'Check PORT and ADDR.'];
    throw startError(`Listening on port ${port} ${fault}`, remedy);
  }
}

const LISTEN_FAULTS: Readonly<Record<string, readonly [fault: string, remedy: string]>> = {
  EADDRINUSE: ['fails: it is in use', 'Set PORT to another one, or stop what listens there.'],
  EACCES: ['is not allowed', 'Set PORT to 1024 or more.'],
  EADDRNOTAVAIL: ['fails: the interface is not there', 'Correct the host of ADDR.'],
  ENOTFOUND: ['fails: the interface is not there', 'Correct the host of ADDR.'],
};

/** A closing server waits for its HTTP/2 sessions, and a session without streams stays; so each is told to go away. */
function trackSessions(server: Server): () => void {
  const sessions = tracked<Http2Session>(server, 'session');
  return () => {
    for (const session of sessions) session.close();
  };
}

/** What still holds the server when everything should be over: a request that never ends, a session that stays. */
function trackSockets(server: Server): () => void {
  const sockets = tracked<Socket>(server, 'connection');
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** What the server has of what it announces by an event, until it closes. */
function tracked<T extends EventEmitter>(server: Server, event: string): ReadonlySet<T> {
  const open = new Set<T>();
  server.on(event, (each: T) => {
    open.add(each);
    each.once('close', () => open.delete(each));
  });
  return open;
}

function originOf(server: Server, { tls, host = 'localhost' }: ServerSettings): string {
  const { port } = server.address() as AddressInfo;
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
