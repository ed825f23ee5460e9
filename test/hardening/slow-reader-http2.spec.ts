import type { ServerHttp2Stream } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { memory } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { idsOf } from '../support/http-client.js';
import { createHubApp, type HubApp } from '../support/hub-app.js';
import { Http2Client } from '../support/http2-client.js';

const KIB = 1024;
const PATH = '/.well-known/mercure?topic=a';

/** The server's ends of the streams that are opened from now on. */
function watchStreams({ server }: HubApp): ServerHttp2Stream[] {
  const streams: ServerHttp2Stream[] = [];
  server.on('stream', (stream: ServerHttp2Stream) => streams.push(stream));
  return streams;
}

describe('A reader that stalls, over HTTP/2', () => {
  it('and is 10,000 updates behind holds one page at most, and gets them all in order', async () => {
    const transport = memory({ maxUpdates: 20_000 });
    const options = { transport, dispatchTimeoutMs: 0, heartbeatMs: 0 };
    const hub = await createHubApp({ adapter: 'fastify-h2', options });
    const streams = watchStreams(hub);
    const ids = Array.from({ length: 10_000 }, (_, index) => String(index));
    await hub.service.publishMany(ids.map((id) => ({ topic: 'a', id, data: 'x'.repeat(2 * KIB) })));
    const client = await Http2Client.connect(hub.origin);
    const stream = await client.open(PATH, { 'last-event-id': '0' });
    stream.pause();
    await eventually('a page is waiting', () => (streams[0]?.writableLength ?? 0) > 100 * KIB);
    // What else may be done is done: a page more would be queued by now.
    for (let turn = 0; turn < 200; turn++) await new Promise((resume) => setImmediate(resume));
    expect(streams[0]!.writableLength).toBeLessThanOrEqual(1.2 * KIB * KIB);
    stream.resume();
    const text = await stream.body.waitFor('id: 9999\n');
    expect(idsOf(text)).toEqual(ids.slice(1));
    client.close();
    await hub.close();
  });

  it('is cut after `dispatchTimeoutMs` without progress, though updates flow', async () => {
    const options = { maxBufferedBytes: 0, dispatchTimeoutMs: 300, heartbeatMs: 100 };
    const hub = await createHubApp({ adapter: 'fastify-h2', options });
    const client = await Http2Client.connect(hub.origin);
    const stalled = await client.open(PATH);
    stalled.pause();
    await eventually('it is connected', () => hub.hub.connections === 1);
    let published = 0;
    while (hub.hub.connections === 1) {
      expect(published++).toBeLessThan(20_000);
      await hub.service.publish({ topic: 'a', data: 'x'.repeat(16 * KIB) });
    }
    client.close();
    await hub.close();
  });
});
