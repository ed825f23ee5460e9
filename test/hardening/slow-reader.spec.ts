import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { memory } from '../../src/index.js';
import { idsOf, open } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { connectRaw, rawRequest } from '../support/raw-connection.js';
import { eventually } from '../support/eventually.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** The server's ends of the connections that are made from now on. */
function watchSockets({ server }: HubApp): Socket[] {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  return sockets;
}

/** A client that asks for a stream and then reads nothing of it; HTTP/1.0, so that what it reads later is the stream itself. */
async function stalledReader(hub: HubApp, headers: Record<string, string> = {}) {
  const connection = await connectRaw(hub.port);
  connection.pause();
  connection.send(rawRequest('GET /.well-known/mercure?topic=a HTTP/1.0', headers));
  return connection;
}

describe.each(ADAPTERS)('A reader that stalls, on %s', (adapter) => {
  it('is cut past `maxBufferedBytes`, the others go on, and it comes back to miss nothing', async () => {
    const maxBufferedBytes = 64 * KIB;
    const hub = await createHubApp({ adapter, options: { maxBufferedBytes, dispatchTimeoutMs: 0 } });
    const sockets = watchSockets(hub);
    const quick = await open(hub.url, { query: { topic: 'a' } });
    const slow = await stalledReader(hub);
    await eventually('both are connected', () => hub.hub.connections === 2);
    const data = 'x'.repeat(32 * KIB);
    let count = 0;
    let most = 0;
    while (hub.hub.connections === 2) {
      expect(count).toBeLessThan(3000);
      await hub.service.publish({ topic: 'a', id: String(++count), data });
      most = Math.max(most, sockets[1]!.writableLength);
      await quick.body.waitFor(`id: ${count}\ndata: ${data}\n\n`);
    }
    // What it had before the last batch was within the bound.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(maxBufferedBytes + 34 * KIB);
    await hub.service.publish({ topic: 'a', id: 'last', data: 'last' });
    const heard = idsOf(await quick.body.waitFor('data: last\n\n'));
    expect(heard).toEqual([...Array.from({ length: count }, (_, index) => String(index + 1)), 'last']);

    slow.resume();
    await slow.received.ended();
    const got = idsOf(slow.received.text);
    const back = await open(hub.url, { query: { topic: 'a' }, headers: { 'Last-Event-ID': got.at(-1)! } });
    const rest = idsOf(await back.body.waitFor('data: last\n\n'));
    expect([...got, ...rest]).toEqual(heard);
    await hub.close();
  });

  it('is cut after `dispatchTimeoutMs` without progress, and only then', async () => {
    const hub = await createHubApp({
      adapter,
      options: { maxBufferedBytes: 0, dispatchTimeoutMs: 300, heartbeatMs: 100 },
    });
    const quick = await open(hub.url, { query: { topic: 'a' } });
    const slow = await stalledReader(hub);
    await eventually('both are connected', () => hub.hub.connections === 2);
    for (let index = 0; index < 300; index++)
      await hub.service.publish({ topic: 'a', data: 'x'.repeat(64 * KIB) });
    await eventually('the slow one is cut', () => hub.hub.connections === 1);
    await hub.service.publish({ topic: 'a', data: 'last' });
    await quick.body.waitFor('data: last');
    slow.destroy();
    await hub.close();
  });

  it('and is 10,000 updates behind holds one page at most, and gets them all in order', async () => {
    const transport = memory({ maxUpdates: 20_000 });
    const hub = await createHubApp({ adapter, options: { transport, dispatchTimeoutMs: 0, heartbeatMs: 0 } });
    const sockets = watchSockets(hub);
    const total = 11_000;
    const update = (index: number) => ({ topic: 'a', id: `u${index}`, data: 'x'.repeat(4 * KIB) });
    await hub.service.publishMany(Array.from({ length: 10_000 }, (_, index) => update(index)));

    const reader = await stalledReader(hub, { 'Last-Event-ID': 'earliest' });
    let most = 0;
    const stalled = { turns: 0 };
    const turn = async () => {
      await new Promise((resume) => setImmediate(resume));
      const queued = sockets[0]?.writableLength ?? 0;
      most = Math.max(most, queued);
      stalled.turns = queued === 0 ? 0 : stalled.turns + 1;
    };
    while (stalled.turns < 1000) await turn();
    for (let index = 10_000; index < total; index++) {
      await hub.service.publish(update(index));
      await turn();
    }
    // A page is 500 updates or 1 MiB, and one update that crosses the line.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(MIB + 5 * KIB);
    expect(hub.hub.connections).toBe(1);

    reader.resume();
    const text = await reader.received.waitFor(`id: u${total - 1}\ndata: ${'x'.repeat(4 * KIB)}\n\n`);
    expect(idsOf(text)).toEqual(Array.from({ length: total }, (_, index) => `u${index}`));
    reader.destroy();
    await hub.close();
  });

  it('does not keep the application from closing', async () => {
    const hub = await createHubApp({ adapter, options: { maxBufferedBytes: 0, dispatchTimeoutMs: 0 } });
    const reader = await stalledReader(hub);
    await eventually('it is connected', () => hub.hub.connections === 1);
    for (let index = 0; index < 200; index++)
      await hub.service.publish({ topic: 'a', data: 'x'.repeat(64 * KIB) });
    await hub.close();
    reader.destroy();
  });
});
