import { type LoggerService, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MercureModule, MercureService } from '../../src/index.js';
import { open, publish, send } from '../support/http-client.js';
import { ADAPTERS } from '../support/hub-app.js';
import { AUDIENCE, ISSUER, KEY, legacyToken, modernToken } from '../support/tokens.js';

afterEach(() => vi.restoreAllMocks());

/** Everything that is said, by Nest's logger at any level or past it. */
function listen(): { readonly logger: LoggerService; readonly said: () => string } {
  const said: string[] = [];
  const hear = (...words: unknown[]) =>
    void said.push(words.map((word) => JSON.stringify(word) ?? '').join(' '));
  const logger: LoggerService = {
    log: hear,
    error: hear,
    warn: hear,
    debug: hear,
    verbose: hear,
    fatal: hear,
  };
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, level).mockImplementation(hear);
  }
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (hear(String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (hear(String(text)), true));
  return { logger, said: () => said.join('\n') };
}

/** As `main.ts` does it: a testing module has a logger of its own. */
async function start(adapter: (typeof ADAPTERS)[number], logger: LoggerService, subscriberKey: string) {
  @Module({
    imports: [
      MercureModule.forRoot({
        anonymous: true,
        subscriptions: true,
        issuer: ISSUER,
        resourceIdentifier: AUDIENCE,
        publisher: { key: KEY },
        subscriber: { key: subscriberKey },
      }),
    ],
  })
  class App {}
  const http = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(App, http, { logger });
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/.well-known/mercure`;
  return { url, service: app.get(MercureService), close: () => app.close() };
}

describe.each(ADAPTERS)('The log, on %s', (adapter) => {
  it('holds no token, key or data, wherever they were sent and whatever became of them', async () => {
    const { logger, said } = listen();
    const shortKey = 'a short secret';
    const hub = await start(adapter, logger, shortKey);
    const good = await legacyToken({ publish: ['*'], subscribe: ['*'] });
    const modern = await modernToken({ publish: ['https://example.com/only'] });
    const forged = await legacyToken({ publish: ['*'] }, { key: 'another key altogether, long enough' });
    const broken = `${good.slice(0, -4)}AAAA`;
    const tokens = [good, modern, forged, broken];
    const data = 'the diagnosis of patient 42';
    for (const token of tokens) {
      await publish(hub.url, token, { topic: 'https://example.com/x', data, private: '1' });
      await publish(hub.url, token, { topic: '*', data });
      await send(hub.url, { query: { topic: 'a', authorization: token } });
      await send(hub.url, { query: { topic: '{' }, headers: { cookie: `mercureAuthorization=${token}` } });
      await send(hub.url, {
        method: 'POST',
        headers: { cookie: `__Secure-mercure_access_token=${token}`, origin: 'https://evil.test' },
      });
      await send(`${hub.url}/subscriptions`, { headers: { authorization: `Bearer ${token}` } });
    }
    const stream = await open(hub.url, { query: { topic: '*' } });
    for (let index = 0; index < 3; index++) await hub.service.publish({ topic: 'a', data });
    stream.abort();
    await hub.close();

    const log = said();
    expect(log, 'it was listened to').toContain('shorter than 32 bytes');
    for (const secret of [...tokens, ...tokens.map((token) => token.split('.')[2]!), KEY, shortKey, data]) {
      expect(log).not.toContain(secret);
    }
  });
});
