import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import { connectRaw, rawRequest } from '../support/raw-connection.js';
import { legacyToken } from '../support/tokens.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const KIB = 1024;
/** Several at once, so that what the process does beside them weighs little. */
const REQUESTS = 4;

/** Bytes in use: of objects, and of buffers, which lie outside of the heap. */
function bytesHeld(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A body of as many bytes as may be, but for its end, in chunks of this size. */
function chunked(size: number, limit: number): Buffer {
  const count = Math.floor((limit - 10) / size);
  const chunk = Buffer.from(`${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`);
  return Buffer.concat([Buffer.from('6\r\ntopic=\r\n'), ...Array.from({ length: count }, () => chunk)]);
}

describe.each(ADAPTERS)('A request under way, on %s', (adapter) => {
  it.each(
    named([
      { promise: 'in chunks of 64 KiB', size: 64 * KIB, limit: 1024 * KIB },
      { promise: 'in chunks of 100 bytes', size: 100, limit: 1024 * KIB },
      { promise: 'in chunks of one byte', size: 1, limit: 256 * KIB },
    ]),
  )('costs at most twice its limit, its body sent %s', async (_, { size, limit }) => {
    const hub = await createHubApp({ adapter, options: { maxBodyBytes: limit } });
    onTestFinished(() => hub.close());
    const sockets: Socket[] = [];
    hub.server.on('connection', (socket) => sockets.push(socket));
    const token = await legacyToken({ publish: ['*'] });
    const head = rawRequest('POST /.well-known/mercure HTTP/1.1', {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/x-www-form-urlencoded',
      'Transfer-Encoding': 'chunked',
    });
    // One that went through, so that what is made once is made.
    const first = await connectRaw(hub.port);
    first.send(`${head}9\r\ntopic=a&d\r\n0\r\n\r\n`);
    await first.received.waitFor('200 OK');
    first.destroy();
    const body = chunked(size, limit);
    const sent = Buffer.byteLength(head) + body.length;

    const connections = await Promise.all(Array.from({ length: REQUESTS }, () => connectRaw(hub.port)));
    onTestFinished(() => connections.forEach((connection) => connection.destroy()));
    const before = bytesHeld();
    for (const connection of connections) {
      connection.send(head);
      connection.send(body);
    }
    await eventually('everything sent was read', () =>
      sockets.slice(1).every(({ bytesRead }) => bytesRead === sent),
    );
    const held = (bytesHeld() - before) / REQUESTS;
    expect(Math.round(held / KIB)).toBeLessThanOrEqual((2 * limit) / KIB);
  });
});
