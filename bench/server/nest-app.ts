import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo, Server } from 'node:net';
import { CERTIFICATE } from './certificate.js';

/** `fastify-tls` is HTTP/1.1 over TLS, `fastify-http2` HTTP/2 over TLS. */
export type Adapter = 'express' | 'fastify' | 'fastify-tls' | 'fastify-http2';

export function createApp(
  module: Type<unknown> | DynamicModule,
  adapter: Adapter,
): Promise<INestApplication> {
  return NestFactory.create(module, ADAPTERS[adapter](), { logger: ['warn', 'error'] });
}

const ADAPTERS: Readonly<Record<Adapter, () => ExpressAdapter | FastifyAdapter>> = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
  // The type of the adapter's options has no place for TLS by itself.
  'fastify-tls': () => new FastifyAdapter({ https: CERTIFICATE } as object),
  'fastify-http2': () => new FastifyAdapter({ http2: true, https: CERTIFICATE }),
};

/** All contestants have this backlog: with Node's own, a storm of connections would be one of refusals. */
export const BACKLOG = 4096;

export async function listen(app: INestApplication, port: number): Promise<number> {
  // Both adapters hand on the options of Node's own `listen`, which Nest's types do not name.
  await (app as unknown as { listen(options: object): Promise<unknown> }).listen({
    port,
    host: '127.0.0.1',
    backlog: BACKLOG,
  });
  return ((app.getHttpServer() as Server).address() as AddressInfo).port;
}
