import type { Type } from '@nestjs/common';
import { redis } from 'nestjs-mercure/redis';
import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { memory } from '../../src/index.js';
import { readMarkdown, snippetsOf } from '../readme/markdown.js';
import { SnippetFiles } from '../readme/snippet-files.js';
import { ByteLog } from '../support/byte-log.js';
import { open, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { canStartRedis, startRedis } from '../support/redis.js';

describe.skipIf(!(await canStartRedis('the health of a hub')))('An application whose hub is on Redis', () => {
  let files: SnippetFiles;

  beforeAll(async () => {
    const shown = snippetsOf(readMarkdown('docs/service.md')).map(({ code }) => code);
    files = await SnippetFiles.write(shown.filter((code) => code.includes('ReadyController')));
  });
  afterAll(() => files?.remove());

  it.each(ADAPTERS)(
    'tells by checkHealth() that the server is gone, and is well again by itself, on %s',
    { timeout: 90_000 },
    async (adapter) => {
      const server = await startRedis('--requirepass', 'hunter2');
      onTestFinished(() => server.remove());
      const transport = redis({ url: `redis://:hunter2@127.0.0.1:${server.port}`, timeoutMs: 1000 });
      const controllers = [await files.exported<Type>('ReadyController')];
      const hub = await createHubApp({ adapter, options: { transport }, controllers });
      onTestFinished(() => hub.close());
      const ask = () => send(`${hub.origin}/ready`);
      expect((await ask()).status).toBe(200);
      const stream = await open(hub.url, { query: { topic: 'a' } });

      await server.kill();
      await expect.poll(async () => (await ask()).status, { timeout: 60_000 }).toBe(503);
      expect((await ask()).text).not.toContain('hunter2');
      await expect(hub.service.checkHealth()).rejects.toMatchObject({
        code: 'TRANSPORT_UNAVAILABLE',
        status: 503,
        remedy: expect.stringMatching(/^(?!.*hunter2)Try again: Redis is away/) as string,
      });

      await server.start();
      await expect.poll(async () => (await ask()).status, { timeout: 60_000 }).toBe(200);
      await hub.service.publish({ topic: 'a', data: 'after' });
      await stream.body.waitFor('data: after');
      stream.abort();
    },
  );
});

describe('checkHealth()', () => {
  it('asks the store once, however many ask at the same time, and says so where it does not answer', async () => {
    let asked = 0;
    let answer!: () => void;
    const transport = Object.assign(memory(), {
      check: () => {
        asked++;
        return new Promise<void>((resolve) => (answer = resolve));
      },
    });
    const hub = await createHubApp({ options: { transport } });
    onTestFinished(() => hub.close());
    const { service } = hub;
    const codes = await Promise.all(
      Array.from({ length: 100 }, () => service.checkHealth().catch((error: { code: string }) => error.code)),
    );
    expect(new Set(codes)).toEqual(new Set(['TRANSPORT_UNAVAILABLE']));
    expect(asked).toBe(1);
    answer();
    await new Promise((resume) => setImmediate(resume));
    const next = service.checkHealth();
    expect(asked, 'and again when it has answered').toBe(2);
    answer();
    await next;
  });

  it('says of a transport that fails otherwise only that it fails', async () => {
    const transport = Object.assign(memory(), { check: () => Promise.reject(new Error('hunter2')) });
    const hub = await createHubApp({ options: { transport } });
    onTestFinished(() => hub.close());
    const { service } = hub;
    await expect(service.checkHealth()).rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      remedy: expect.stringMatching(/^(?!.*hunter2)/) as string,
    });
  });

  it('tells on a connection that is left that the application is shutting down, from its first moment on', async () => {
    const shown = snippetsOf(readMarkdown('docs/service.md')).map(({ code }) => code);
    const files = await SnippetFiles.write(shown.filter((code) => code.includes('ReadyController')));
    onTestFinished(() => files.remove());
    const controllers = [await files.exported<Type>('ReadyController')];
    const hub = await createHubApp({
      adapter: 'fastify-h2',
      options: { shutdownSpreadMs: 3000 },
      controllers,
    });
    const session = connect(hub.origin);
    onTestFinished(() => session.destroy());
    // Two streams, so that ending them has a span.
    const path = '/.well-known/mercure?topic=a';
    const streams = [1, 2].map(() => session.request({ ':path': path }));
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('response', resolve))));
    const closed = hub.close();
    const answer = session.request({ ':path': '/ready' });
    const body = new ByteLog();
    answer.on('data', (chunk: Buffer) => body.add(chunk));
    answer.once('end', () => body.finish('end'));
    const headers = await new Promise<Record<string, unknown>>((resolve) => answer.once('response', resolve));
    expect(headers[':status']).toBe(503);
    await body.waitFor('No publications are taken');
    await expect(hub.service.checkHealth()).rejects.toMatchObject({ code: 'HUB_CLOSED', status: 503 });
    for (const stream of streams) stream.close();
    session.destroy();
    await closed;
  });
});
