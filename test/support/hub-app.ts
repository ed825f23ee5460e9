import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common/interfaces/index.js';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyServerOptions } from 'fastify';
import { Test } from '@nestjs/testing';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type MercureModuleExtras,
  MercureModule,
  type MercureOptions,
  MercureService,
} from '../../src/index.js';
import { Hub } from '../../src/hub/hub.js';
import { AUDIENCE, ISSUER, KEY } from './tokens.js';

/** For `describe.each(ADAPTERS)`: whatever the hub promises over HTTP/1.1, it promises on both. */
export const ADAPTERS = ['express', 'fastify'] as const;

/** `fastify-h2` speaks HTTP/2 in clear text (h2c), or with TLS where `fastify: { https }` is given. */
export type AdapterName = (typeof ADAPTERS)[number] | 'fastify-h2';

export interface HubAppSettings {
  /** Default: `express`. */
  readonly adapter?: AdapterName;
  /** Laid over {@link HUB_OPTIONS}; `undefined` takes one of them away. */
  readonly options?: MercureOptions & MercureModuleExtras;
  /** The rest of the application. */
  readonly modules?: ModuleMetadata['imports'];
  readonly controllers?: ModuleMetadata['controllers'];
  readonly providers?: ModuleMetadata['providers'];
  readonly nest?: NestApplicationOptions;
  /** Options of Fastify itself. */
  readonly fastify?: object;
  /** What a `main.ts` does between `create()` and `listen()`: prefix, CORS, middleware. */
  readonly configure?: (app: INestApplication) => void | Promise<void>;
}

export interface HubApp {
  readonly app: INestApplication;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** The hub's own URL. */
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  readonly hub: Hub;
  readonly service: MercureService;
  close(): Promise<void>;
}

/** Keys of both generations, for both roles, and anybody may listen: the hub most tests want. */
export const HUB_OPTIONS = {
  anonymous: true,
  publisher: { key: KEY },
  subscriber: { key: KEY },
  issuer: ISSUER,
  resourceIdentifier: AUDIENCE,
} satisfies MercureOptions;

/** Starts an application that is a hub on a free port of the loopback. The caller closes it. */
export async function createHubApp(settings: HubAppSettings = {}): Promise<HubApp> {
  const options = { ...HUB_OPTIONS, ...settings.options };
  const moduleRef = await Test.createTestingModule({
    imports: [MercureModule.forRoot(options), ...(settings.modules ?? [])],
    controllers: settings.controllers ?? [],
    providers: settings.providers ?? [],
  }).compile();
  const app = moduleRef.createNestApplication(createAdapter(settings), { logger: false, ...settings.nest });
  await settings.configure?.(app);
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer() as Server;
  const { port } = server.address() as AddressInfo;
  const scheme = 'https' in (settings.fastify ?? {}) || settings.nest?.httpsOptions ? 'https' : 'http';
  const origin = `${scheme}://127.0.0.1:${port}`;
  return {
    app,
    origin,
    url: origin + (options.path ?? '/.well-known/mercure'),
    port,
    server,
    hub: app.get(Hub, { strict: false }),
    service: app.get(MercureService, { strict: false }),
    close: () => app.close(),
  };
}

function createAdapter({ adapter = 'express', fastify }: HubAppSettings): ExpressAdapter | FastifyAdapter {
  if (adapter === 'express') return new ExpressAdapter();
  // The adapter's types know one kind of server at a time.
  const http2 = adapter === 'fastify-h2' ? { http2: true } : undefined;
  return new FastifyAdapter({ ...fastify, ...http2 } as FastifyServerOptions);
}
