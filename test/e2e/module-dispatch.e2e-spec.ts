import { connect as connectHttp2, Http2ServerResponse } from 'node:http2';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Frame } from '../../src/sse/frame.js';
import { ByteLog } from '../support/byte-log.js';
import { eventually } from '../support/eventually.js';
import { dataOf, open } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { countMatches } from '../support/matches.js';

const STREAMS = 1000;
const UPDATES = Array.from({ length: 10 }, (_, index) => `update ${index}`);

afterEach(() => vi.restoreAllMocks());

/** Publishes ten updates in one tick and resolves with what that cost the hub. */
async function publishTen({ service }: HubApp) {
  const matches = countMatches();
  const framed = vi.spyOn(Frame, 'ofUpdates');
  const plain = vi.spyOn(Frame.prototype, 'plain', 'get');
  const chunk = vi.spyOn(Frame.prototype, 'chunk', 'get');
  const published = UPDATES.map((data) => service.publish({ topic: 'a', data }));
  await Promise.all(published);
  const buffers = new Set([...plain.mock.results, ...chunk.mock.results].map(({ value }) => value as Buffer));
  return { matches: matches(), frames: framed.mock.calls.length, buffers };
}

describe.each(ADAPTERS)('ten updates of one tick for 1,000 real streams of one audience on %s', (adapter) => {
  it('are matched once each, encoded once together, and written once per stream', async () => {
    const hub = await createHubApp({ adapter });
    const streams = await Promise.all(Array.from({ length: STREAMS }, () => open(`${hub.url}?topic=a`)));
    await Promise.all(streams.map(({ body }) => body.waitFor(':\n')));
    // Clients are in this process too, but none of them says anything any more.
    const write = vi.spyOn(Socket.prototype, 'write');
    const cost = await publishTen(hub);
    for (const { body } of streams) await body.waitFor('data: update 9\n\n');

    expect(cost.matches).toBe(UPDATES.length);
    expect(cost.frames).toBe(1);
    expect(write).toHaveBeenCalledTimes(STREAMS);
    expect(new Set(write.mock.contexts).size, 'sockets written to').toBe(STREAMS);
    const written = new Set(write.mock.calls.map(([bytes]) => bytes as unknown as Buffer));
    expect(written.size, 'the same buffer for all').toBe(1);
    for (const { body } of streams) expect(dataOf(body.text)).toEqual(UPDATES);
    await hub.close();
  });
});

describe('ten updates of one tick for 100 streams over HTTP/2', () => {
  it('are matched once each, encoded once together, and written once per stream', async () => {
    const hub = await createHubApp({ adapter: 'fastify-h2' });
    const session = connectHttp2(hub.origin);
    const logs = Array.from({ length: 100 }, () => {
      const log = new ByteLog();
      const stream = session.request({ ':path': '/.well-known/mercure?topic=a' });
      stream.on('data', (chunk: Buffer) => log.add(chunk)).on('error', () => undefined);
      return log;
    });
    await Promise.all(logs.map((log) => log.waitFor(':\n')));
    const write = vi.spyOn(Http2ServerResponse.prototype, 'write');
    const cost = await publishTen(hub);
    for (const log of logs) await log.waitFor('data: update 9\n\n');

    expect(cost.matches).toBe(UPDATES.length);
    expect(cost.frames).toBe(1);
    expect(write).toHaveBeenCalledTimes(100);
    expect(new Set(write.mock.calls.map(([bytes]) => bytes)).size, 'the same buffer for all').toBe(1);
    for (const log of logs) expect(dataOf(log.text)).toEqual(UPDATES);
    session.destroy();
    await hub.close();
  });
});

describe('an update for 500 audiences of their own', () => {
  it('is matched once and encoded once for all of them', async () => {
    const hub = await createHubApp();
    const streams = await Promise.all(
      Array.from({ length: 500 }, (_, index) => open(`${hub.url}?topic=a&topic=${index}`)),
    );
    await eventually('all are subscribed', () => hub.hub.connections === 500);
    const matches = countMatches();
    const framed = vi.spyOn(Frame, 'ofUpdates');
    await hub.service.publish({ topic: 'a', data: 'for all' });
    for (const { body } of streams) await body.waitFor('data: for all\n\n');
    expect(matches()).toBe(1);
    expect(framed).toHaveBeenCalledTimes(1);
    await hub.close();
  });
});
