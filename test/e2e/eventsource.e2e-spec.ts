import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HubAppSettings } from '../support/hub-app.js';
import { publish } from '../support/http-client.js';
import { bearer, legacyToken, modernToken } from '../support/tokens.js';
import { createHubApp, type HubApp } from '../support/hub-app.js';
import { eventually } from '../support/eventually.js';
import { Page, type PageSettings } from './helpers/browser.js';
import { TLS } from './helpers/tls.js';

interface Wire {
  readonly wire: string;
  readonly app: HubAppSettings;
  readonly page: PageSettings;
  /** What the server is to see, so that no client quietly speaks another version. */
  readonly version: '1.1' | '2.0';
}

const WIRES: readonly Wire[] = [
  { wire: 'Express, HTTP/1.1', app: { adapter: 'express' }, page: {}, version: '1.1' },
  { wire: 'Fastify, HTTP/1.1', app: { adapter: 'fastify' }, page: {}, version: '1.1' },
  {
    wire: 'Express, HTTP/1.1 over TLS',
    app: { adapter: 'express', nest: { httpsOptions: TLS } },
    page: {},
    version: '1.1',
  },
  {
    wire: 'Fastify, HTTP/2 over TLS',
    app: { adapter: 'fastify-h2', fastify: { https: TLS } },
    page: { http2: true },
    version: '2.0',
  },
  {
    wire: 'Fastify, HTTP/1.1 over TLS of a server that has HTTP/2',
    app: { adapter: 'fastify-h2', fastify: { https: { ...TLS, allowHTTP1: true } } },
    page: {},
    version: '1.1',
  },
];

describe.each(WIRES)('an EventSource on $wire', ({ app, page: settings, version }) => {
  let hub: HubApp;
  const pages: Page[] = [];
  const versions = new Set<string>();
  /** Ends connections as a network does: without a word of HTTP. */
  let cut: () => void;

  beforeEach(async () => {
    hub = await createHubApp(app);
    const sockets = new Set<{ destroy(): void }>();
    const event = app.nest?.httpsOptions || app.fastify ? 'secureConnection' : 'connection';
    hub.server.on(event, (socket: { destroy(): void }) => sockets.add(socket));
    hub.server.prependListener('request', ({ httpVersion }) => versions.add(httpVersion));
    cut = () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    };
  });

  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.close()));
    await hub.close();
    expect([...versions]).toEqual([version]);
    versions.clear();
  });

  async function visit(query: string, more: PageSettings = {}): Promise<Page> {
    const page = await Page.open(`${hub.url}?${query}`, { ...settings, ...more });
    pages.push(page);
    return page;
  }

  it('hears what is published: data of several lines, names, ids', async () => {
    const page = await visit('topic=a', { types: ['news'] });
    await hub.service.publish({ topic: 'a', data: 'plain', id: '1' });
    await hub.service.publish({ topic: 'a', data: 'line 1\nline 2\r\n\rline 4', id: '2' });
    await hub.service.publish({ topic: 'a', data: { title: 'é' }, id: '3', type: 'news' });
    await hub.service.publish({ topic: 'b', data: 'of another topic' });
    await hub.service.publish({ topic: 'a', data: 'x'.repeat(300_000), id: '4' });
    await hub.service.publish({ topic: 'a', data: 'last', id: '5' });
    expect(await page.hears('last')).toEqual([
      { type: 'message', data: 'plain', id: '1' },
      { type: 'message', data: 'line 1\nline 2\n\nline 4', id: '2' },
      { type: 'news', data: '{"title":"é"}', id: '3' },
      { type: 'message', data: 'x'.repeat(300_000), id: '4' },
      { type: 'message', data: 'last', id: '5' },
    ]);
  });

  it('hears what is private with a token of either generation, and not without', async () => {
    const stranger = await visit('topic=a');
    const old = await visit('topic=a', { headers: bearer(await legacyToken({ subscribe: ['a'] })) });
    const modern = await visit('match=a', { headers: bearer(await modernToken({ subscribe: ['a'] })) });
    await hub.service.publish({ topic: 'a', data: 'secret', private: true });
    await hub.service.publish({ topic: 'a', data: 'public' });
    await Promise.all([stranger, old, modern].map((page) => page.hears('public')));
    expect([stranger, old, modern].map(({ data }) => data)).toEqual([
      ['public'],
      ['secret', 'public'],
      ['secret', 'public'],
    ]);
  });

  it.each([
    ['ended by the hub', () => endStreams()],
    ['cut by the network', () => cut()],
  ])('comes back by itself when its stream is %s, and misses nothing', async (_, interrupt) => {
    const page = await visit('topic=a');
    await hub.service.publish({ topic: 'a', data: '0', id: 'u0', retry: 10 });
    await page.hears('0');
    let published = 0;
    for (let round = 1; round <= 3; round++) {
      const errors = page.errors;
      // Some of what is published now is still delivered, some waits for the client to come back.
      const before = publishSome(5);
      interrupt();
      await before;
      await publishSome(5);
      await page.until(() => page.errors > errors, 'the loss of the stream');
      await publishSome(5);
      await page.hears(`${published}`);
    }
    expect(page.data).toEqual(Array.from({ length: published + 1 }, (_value, index) => `${index}`));
    const resumed = page.connections.slice(1);
    expect(resumed.length).toBeGreaterThanOrEqual(3);
    expect(resumed.every(({ lastEventId }) => /^u\d+$/.test(lastEventId ?? ''))).toBe(true);

    async function publishSome(count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        published++;
        await hub.service.publish({ topic: 'a', data: `${published}`, id: `u${published}` });
      }
    }
  });

  it('is given up by the hub when its page is closed', async () => {
    const page = await visit('topic=a');
    expect(hub.hub.connections).toBe(1);
    await page.close();
    await eventually('the hub has noticed', () => hub.hub.connections === 0);
  });

  it('gives up for good when it is refused, as the standard says', async () => {
    await expect(visit('match=(&match_urlpattern=(')).rejects.toThrow(/400/);
  });

  /** As a lifetime that is over does, for every stream at once. */
  function endStreams(): void {
    const { registry } = hub.hub as unknown as { registry: Iterable<{ sink?: { end(): void } }> };
    for (const { sink } of registry) sink?.end();
  }
});

describe('an EventSource', () => {
  it('comes back when its lifetime is over, and misses nothing', async () => {
    const hub = await createHubApp({ options: { maxLifetimeMs: 300 } });
    const page = await Page.open(`${hub.url}?topic=a`);
    let count = 0;
    await hub.service.publish({ topic: 'a', data: '0', id: 'u0', retry: 1 });
    // Updates all the while: across three ends of its stream.
    while (page.connections.length < 4) {
      count++;
      await hub.service.publish({ topic: 'a', data: `${count}`, id: `u${count}` });
      await new Promise((resume) => setImmediate(resume));
    }
    await hub.service.publish({ topic: 'a', data: 'last' });
    await page.hears('last');
    expect(page.data).toEqual([...Array.from({ length: count + 1 }, (_, index) => `${index}`), 'last']);
    await page.close();
    await hub.close();
  });

  it('hears what was published over HTTP/2 as well', async () => {
    const hub = await createHubApp({
      adapter: 'fastify-h2',
      fastify: { https: { ...TLS, allowHTTP1: true } },
    });
    const page = await Page.open(`${hub.url}?topic=a`, { http2: true });
    const token = await legacyToken({ publish: ['*'] });
    const answer = await publish(hub.url, token, { topic: 'a', data: 'over HTTP/1.1', id: '1' });
    expect([answer.status, answer.text]).toEqual([200, '1']);
    await page.hears('over HTTP/1.1');
    await page.close();
    await hub.close();
  });
});
