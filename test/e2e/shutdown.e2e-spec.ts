import { type CanActivate, Controller, Get } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Agent, get, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { HANG_GUARD_MS, unhung } from '../support/byte-log.js';
import { eventually } from '../support/eventually.js';
import { open, publish, type StreamedResponse } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { connectRaw, rawRequest } from '../support/raw-connection.js';
import { legacyToken } from '../support/tokens.js';
import { Page } from './helpers/browser.js';
import { TLS } from './helpers/tls.js';

/** Longer than any guard: a close that waits for idle sockets hangs, instead of being slow. */
const KEEP_ALIVE_MS = 10 * HANG_GUARD_MS;

@Controller('own')
class OwnController {
  @Get()
  get(): string {
    return 'own';
  }
}

async function start(
  adapter: 'express' | 'fastify',
  more: Parameters<typeof createHubApp>[0] = {},
): Promise<HubApp> {
  const hub = await createHubApp({ adapter, controllers: [OwnController], ...more });
  hub.server.keepAliveTimeout = KEEP_ALIVE_MS;
  return hub;
}

const follow = (url: string, count: number): Promise<StreamedResponse[]> =>
  Promise.all(Array.from({ length: count }, () => open(`${url}?topic=a`)));

const closed = (hub: HubApp) => unhung(hub.close(), 'app.close()');

/** What became of a request: its status, or the code of the error it met. */
type Outcome = number | string;

/** A GET over an agent's kept-alive connections; of a stream the whole of it. */
function outcomeOf(url: string, agent: Agent): Promise<Outcome> {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      response.on('error', () => undefined);
      response.once('close', () => resolve(response.statusCode!));
      response.resume();
    });
    request.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
  });
}

describe.each(ADAPTERS)('app.close() on %s', (adapter) => {
  it('ends 1,000 open streams as streams end, and waits for no idle connection', async (context) => {
    const hub = await start(adapter);
    const streams = await follow(hub.url, 1000);
    expect(streams.map(({ status }) => status)).toEqual(Array(1000).fill(200));
    await hub.service.publish({ topic: 'a', data: 'last words' });
    const idle = new Agent({ keepAlive: true });
    const warm = Array.from({ length: 50 }, () => outcomeOf(`${hub.origin}/own`, idle));
    expect(await Promise.all(warm)).toEqual(Array(50).fill(200));
    const open50 = Object.values(idle.freeSockets).flat();
    expect(open50.length, 'connections that are idle').toBeGreaterThan(0);

    const started = performance.now();
    await closed(hub);
    const ms = Math.round(performance.now() - started);
    await context.annotate(`app.close() with 1,000 streams on ${adapter}: ${ms} ms`);

    expect(await Promise.all(streams.map(({ body }) => body.ended()))).toEqual(Array(1000).fill('end'));
    expect(streams.filter(({ body }) => !body.text.includes('data: last words\n\n'))).toEqual([]);
    expect(hub.hub.connections).toBe(0);
    expect(hub.server.listening).toBe(false);
    await eventually('the idle connections are closed', () => open50.every((socket) => socket?.destroyed));
    idle.destroy();
  });

  it('writes what was accepted before it ends a stream', async () => {
    const hub = await start(adapter);
    const streams = await follow(hub.url, 20);
    const published = Array.from({ length: 50 }, (_, index) =>
      hub.service.publish({ topic: 'a', data: `${index}.` }),
    );
    const [ids] = await Promise.all([Promise.all(published), closed(hub)]);
    expect(ids).toHaveLength(50);
    for (const { body } of streams) {
      await body.ended();
      expect(body.text.match(/(?<=data: )\d+/g)).toEqual(
        Array.from({ length: 50 }, (_, index) => `${index}`),
      );
    }
  });

  it('stops listening before the first stream ends: who comes back finds nobody, never a 503', async () => {
    const hub = await start(adapter, { options: { shutdownSpreadMs: 200 } });
    const streams = await follow(hub.url, 10);
    const closing = hub.close();
    const first = Promise.race(streams.map(({ body }) => body.ended()));
    expect(await first).toBe('end');
    expect(hub.server.listening).toBe(false);
    expect(hub.hub.connections, 'others are still open').toBeGreaterThan(0);
    await expect(open(`${hub.url}?topic=a`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await unhung(closing, 'app.close()');
  });

  it('spreads the ends of streams over `shutdownSpreadMs`', async () => {
    const spread = 500;
    const hub = await start(adapter, { options: { shutdownSpreadMs: spread } });
    const streams = await follow(hub.url, 20);
    const ends: number[] = [];
    const ended = streams.map(({ body }) => body.ended().then(() => ends.push(performance.now())));
    const started = performance.now();
    await closed(hub);
    await Promise.all(ended);
    // Due are they every 25 ms, the last at 475; a busy machine only makes each later, in their order.
    expect(ends.at(-1)! - started).toBeGreaterThanOrEqual(spread * 0.9);
    const early = ends.filter((end) => end - started < spread / 2).length;
    expect(early, 'ended in the first half').toBeLessThanOrEqual(11);
  });

  it('closes a connection on which a subscription arrives late, without an answer', async () => {
    const hub = await start(adapter, { options: { shutdownSpreadMs: 300 } });
    const [stream] = await follow(hub.url, 2);
    const late = await connectRaw(hub.port);
    const request = rawRequest('GET /.well-known/mercure?topic=a HTTP/1.1');
    // Begun before, so that the connection is not idle when the server stops listening.
    late.send(request.slice(0, 20));
    await connectionsOf(hub.server, 3);
    const closing = hub.close();
    await stream!.body.ended();
    late.send(request.slice(20));
    await late.received.ended();
    expect(late.received.text).toBe('');
    await unhung(closing, 'app.close()');
  });

  it('gives no 503 to a subscription that came in before and is decided on after', async () => {
    let letIn!: () => void;
    const decided = new Promise<void>((resolve) => (letIn = resolve));
    let asked!: () => void;
    const waiting = new Promise<void>((resolve) => (asked = resolve));
    class SlowGuard implements CanActivate {
      async canActivate(): Promise<boolean> {
        asked();
        await decided;
        return true;
      }
    }
    const hub = await start(adapter, { providers: [{ provide: APP_GUARD, useClass: SlowGuard }] });
    const client = await connectRaw(hub.port);
    client.send(rawRequest('GET /.well-known/mercure?topic=a HTTP/1.1'));
    await unhung(waiting, 'the guard');
    const ended = new Promise<void>((complete) => hub.service.updates$.subscribe({ complete }));
    const closing = hub.close();
    await unhung(ended, 'the end of the hub');
    letIn();
    await client.received.ended();
    expect(client.received.text.split('\r\n', 1)[0]).toMatch(/^$|^HTTP\/1.1 200 /);
    await unhung(closing, 'app.close()');
  });

  it('never gives 503 to clients that come back over and over meanwhile', async () => {
    const hub = await start(adapter, { options: { shutdownSpreadMs: 300 } });
    const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
    const outcomes: Outcome[] = [];
    let opened = 0;
    const client = async () => {
      for (;;) {
        // A connection that is kept alive, for the subscription to arrive on.
        await outcomeOf(`${hub.origin}/own`, agent);
        opened++;
        const outcome = await outcomeOf(`${hub.url}?topic=a`, agent);
        outcomes.push(outcome);
        if (outcome === 'ECONNREFUSED') return;
      }
    };
    const clients = Promise.all(Array.from({ length: 100 }, client));
    await eventually('all have subscribed', () => opened >= 100 && hub.hub.connections === 100);
    await closed(hub);
    await unhung(clients, 'every client to find nobody');
    agent.destroy();
    expect(outcomes.filter((outcome) => outcome === 200).length).toBeGreaterThanOrEqual(100);
    const statuses = outcomes.filter((outcome) => typeof outcome === 'number' && outcome !== 200);
    expect(statuses).toEqual([]);
    const errors = new Set(outcomes.filter((outcome) => typeof outcome === 'string'));
    expect([...errors].filter((code) => !['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code))).toEqual([]);
  });

  it('answers or refuses every publish in flight, and keeps what it has answered', async () => {
    const hub = await start(adapter, { options: { shutdownSpreadMs: 200 } });
    const token = await legacyToken({ publish: ['*'] });
    const accepted = new Set<string>();
    hub.service.updates$.subscribe(({ id }) => accepted.add(id));
    const [stream] = await follow(hub.url, 10);
    const outcomes: { status: number; text: string }[] = [];
    let answered = 0;
    const publisher = async (name: number) => {
      for (let n = 0; ; n++) {
        const id = `p${name}-${n}`;
        const answer = await publish(hub.url, token, { topic: 'a', id }).catch(() => undefined);
        if (!answer) return;
        answered++;
        outcomes.push(answer);
      }
    };
    const publishers = Promise.all(Array.from({ length: 8 }, (_, name) => publisher(name)));
    await eventually('publishing is under way', () => answered >= 50);
    const halfway = await connectRaw(hub.port);
    const body = 'topic=a&id=halfway';
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': String(body.length),
    };
    halfway.send(rawRequest('POST /.well-known/mercure HTTP/1.1', headers, body.slice(0, 5)));
    await connectionsOf(hub.server, 11);
    const closing = hub.close();
    await stream!.body.ended();
    halfway.send(body.slice(5));
    await unhung(publishers, 'every publisher to find nobody');
    await halfway.received.ended();
    await unhung(closing, 'app.close()');
    for (const { status, text } of outcomes) {
      if (status === 200) expect(accepted).toContain(text);
      else expect([status, text.split('\n', 1)[0]]).toEqual([503, 'Service Unavailable']);
    }
    const status = /^HTTP\/1.1 (\d+)/.exec(halfway.received.text)?.[1];
    expect(['200', '503', undefined]).toContain(status);
    expect(accepted.has('halfway')).toBe(status === '200');
  });

  it('completes what the application follows', async () => {
    const hub = await start(adapter);
    const completions: string[] = [];
    hub.service.subscribe('a').subscribe({ complete: () => completions.push('subscribe') });
    hub.service.subscribe({ all: true }, { trusted: true }).subscribe({
      complete: () => completions.push('everything'),
    });
    hub.service.updates$.subscribe({ complete: () => completions.push('updates$') });
    await closed(hub);
    expect(completions.toSorted()).toEqual(['everything', 'subscribe', 'updates$']);
  });

  it('does not wait for a reader that takes nothing', async () => {
    const hub = await start(adapter, { options: { maxBufferedBytes: 0, dispatchTimeoutMs: 0 } });
    const reader = await connectRaw(hub.port);
    reader.send(rawRequest('GET /.well-known/mercure?topic=a HTTP/1.1'));
    await reader.received.waitFor(':\n');
    reader.pause();
    // More than the kernel's buffers of both ends hold.
    const data = 'x'.repeat(1_000_000);
    for (let i = 0; i < 20; i++) await hub.service.publish({ topic: 'a', data });
    await closed(hub);
    reader.resume();
    await reader.received.ended();
    expect(reader.received.bytes.length, 'it really was behind').toBeLessThan(20 * data.length);
  });

  it('may be called twice', async () => {
    const hub = await start(adapter);
    await follow(hub.url, 1);
    await unhung(Promise.all([hub.close(), hub.close()]), 'both');
  });
});

describe('app.close() on fastify with HTTP/2', () => {
  it('ends open streams and returns, though the clients’ sessions stay open', async () => {
    const hub = await createHubApp({ adapter: 'fastify-h2', fastify: { https: TLS } });
    const pages = await Promise.all(
      Array.from({ length: 20 }, () => Page.open(`${hub.url}?topic=a`, { http2: true })),
    );
    await hub.service.publish({ topic: 'a', data: 'last words' });
    try {
      await closed(hub);
      for (const page of pages) await page.until(() => page.errors > 0, 'the end of the stream');
      expect(pages.map(({ data }) => data)).toEqual(pages.map(() => ['last words']));
    } finally {
      await Promise.all(pages.map((page) => page.close()));
    }
  });

  it('does not wait for a session that is idle', async () => {
    const hub = await createHubApp({ adapter: 'fastify-h2', controllers: [OwnController] });
    const session = connectHttp2(hub.origin);
    session.on('error', () => undefined);
    const request = session.request({ ':path': '/own' });
    request.resume();
    await unhung(new Promise((resolve) => request.once('close', resolve)), 'an answer');
    try {
      await closed(hub);
    } finally {
      session.destroy();
    }
  });

  it('gives a late subscription on an open session no answer', async () => {
    const hub = await createHubApp({ adapter: 'fastify-h2', options: { shutdownSpreadMs: 300 } });
    const session = connectHttp2(hub.origin);
    session.on('error', () => undefined);
    const streams = Array.from({ length: 3 }, () =>
      session.request({ ':path': '/.well-known/mercure?topic=a' }),
    );
    for (const stream of streams) stream.resume().on('error', () => undefined);
    await eventually('the streams are open', () => hub.hub.connections === 3);
    const closing = hub.close();
    try {
      await unhung(new Promise((resolve) => streams[0]!.once('close', resolve)), 'the first end');
      const outcome = new Promise<unknown>((resolve) => {
        const late = session.request({ ':path': '/.well-known/mercure?topic=a' });
        late.once('response', (headers) => resolve(headers[':status']));
        late.once('error', () => resolve('no answer'));
        late.once('close', () => resolve('no answer'));
        // The session may have been told already that nothing new is taken.
      }).catch(() => 'no answer');
      expect(await unhung(outcome, 'what becomes of it')).toBe('no answer');
    } finally {
      session.destroy();
      await unhung(closing, 'app.close()');
    }
  });
});

/** Resolves when the server has this many connections: what a client sent is only seen when its turn comes. */
async function connectionsOf(server: Server, count: number): Promise<void> {
  const connections = () =>
    new Promise<number>((resolve, reject) => {
      server.getConnections((error, seen) => (error ? reject(error) : resolve(seen)));
    });
  const look = async (): Promise<void> => {
    if ((await connections()) < count) await new Promise((resume) => setImmediate(resume)).then(look);
  };
  await unhung(look(), `${count} connections`);
}
