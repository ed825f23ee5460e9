import compression from 'compression';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { dataOf, open } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { connectRaw, rawRequest } from '../support/raw-connection.js';

const GET = (version: string, headers: Record<string, string> = {}) =>
  rawRequest(`GET /.well-known/mercure?topic=a HTTP/${version}`, headers);
const bodyOf = (response: string) => response.slice(response.indexOf('\r\n\r\n') + 4);

describe.each(ADAPTERS)('A stream over HTTP/1 on %s', (adapter) => {
  let hub: HubApp;
  const say = (data: string) => hub.service.publish({ topic: 'a', id: data, data });
  const nobodyLeft = () => eventually('nobody is connected', () => hub.hub.connections === 0);
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
  });
  afterAll(() => hub.close());

  it('is chunked: each write a chunk of its very length (RFC 9112 §7.1)', async () => {
    const connection = await connectRaw(hub.port);
    connection.send(GET('1.1'));
    await connection.received.waitFor(':\n');
    await say('ü');
    const response = await connection.received.waitFor('data: ü\n\n\r\n');
    expect(response).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(response.toLowerCase()).toContain('transfer-encoding: chunked\r\n');
    const frame = 'id: ü\ndata: ü\n\n';
    expect(bodyOf(response)).toBe(`2\r\n:\n\r\n${Buffer.byteLength(frame).toString(16)}\r\n${frame}\r\n`);
    connection.destroy();
    await nobodyLeft();
  });

  it('has no chunk sizes for a client of HTTP/1.0', async () => {
    const connection = await connectRaw(hub.port);
    connection.send(GET('1.0'));
    await connection.received.waitFor(':\n');
    await say('plain');
    const response = await connection.received.waitFor('data: plain\n\n');
    expect(response.toLowerCase()).not.toContain('transfer-encoding');
    expect(bodyOf(response)).toBe(':\nid: plain\ndata: plain\n\n');
    connection.destroy();
    await nobodyLeft();
  });

  it('sends HEAD no byte of a body', async () => {
    const connection = await connectRaw(hub.port);
    connection.send(rawRequest('HEAD /.well-known/mercure?topic=a HTTP/1.1', { Connection: 'close' }));
    const head = await connection.received.waitFor('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    // Asked to close, a server says so and does (RFC 9112 §9.6).
    expect(head.toLowerCase()).toContain('connection: close\r\n');
    await connection.received.ended();
    expect(bodyOf(connection.received.text)).toBe('');
  });

  it.each([
    ['HEAD', rawRequest('HEAD /.well-known/mercure?topic=a HTTP/1.1')],
    ['a refusal', rawRequest('GET /.well-known/mercure HTTP/1.1')],
    [
      'a refused publication',
      rawRequest('POST /.well-known/mercure HTTP/1.1', { 'Content-Length': '7' }, 'topic=a'),
    ],
  ])('may follow %s on the same connection', async (_, before) => {
    const connection = await connectRaw(hub.port);
    connection.send(before);
    await connection.received.waitFor((text) => text.includes('\r\n\r\n'));
    connection.send(GET('1.1'));
    await connection.received.waitFor(':\n\r\n');
    await say('reused');
    await connection.received.waitFor('data: reused\n\n\r\n');
    connection.destroy();
    await nobodyLeft();
  });

  it('is one on its connection: a request pipelined behind it closes both, and leaks neither', async () => {
    const connection = await connectRaw(hub.port);
    connection.send(GET('1.1') + GET('1.1'));
    await connection.received.ended();
    await nobodyLeft();
  });

  it('survives a request that is sent on its connection later', async () => {
    const connection = await connectRaw(hub.port);
    connection.send(GET('1.1'));
    await connection.received.waitFor(':\n');
    for (let i = 0; i < 50; i++) connection.send(GET('1.1'));
    await connection.received.ended();
    await nobodyLeft();
    const other = await open(hub.url, { query: { topic: 'a' } });
    expect(other.status).toBe(200);
    other.abort();
    await nobodyLeft();
  });

  it.each(['destroy', 'reset', 'halfClose'] as const)(
    'leaves nothing behind when its client goes: %s',
    async (how) => {
      const connection = await connectRaw(hub.port);
      connection.send(GET('1.1'));
      await connection.received.waitFor(':\n');
      expect(hub.hub.connections).toBe(1);
      connection[how]();
      await nobodyLeft();
      await say('to nobody');
    },
  );

  it('leaves nothing behind when 100 clients go before they are answered', async () => {
    const connections = await Promise.all(Array.from({ length: 100 }, () => connectRaw(hub.port)));
    for (const connection of connections) connection.send(GET('1.1', { 'Last-Event-ID': 'earliest' }));
    for (const connection of connections) connection.destroy();
    const last = await open(hub.url, { query: { topic: 'a' } });
    await last.body.waitFor(':\n');
    last.abort();
    await nobodyLeft();
  });

  it('ends with the last chunk and the connection, so that nothing waits for keep-alive', async () => {
    const own = await createHubApp({ adapter, options: { maxLifetimeMs: 100, heartbeatMs: 0 } });
    const connection = await connectRaw(own.port);
    connection.send(GET('1.1'));
    expect(await connection.received.ended()).toBe('end');
    expect(bodyOf(connection.received.text)).toBe('2\r\n:\n\r\n0\r\n\r\n');
    await own.close();
  });

  it.each([
    ['server.timeout', { configure: (app: HubApp['app']) => void app.getHttpServer().setTimeout(100) }],
    ['connectionTimeout', { fastify: { connectionTimeout: 100 } }],
  ])('outlives the idle timeout of the server: %s', async (_, settings) => {
    const own = await createHubApp({ adapter, options: { heartbeatMs: 0, maxLifetimeMs: 700 }, ...settings });
    const stream = await open(own.url, { query: { topic: 'a' } });
    const opened = performance.now();
    // A killed one is `cut`; a stream that lives out its life ends in order.
    expect(await stream.body.ended()).toBe('end');
    expect(performance.now() - opened).toBeGreaterThan(400);
    await own.close();
  });
});

describe('A stream behind compression()', () => {
  it('arrives at once and in clear: no-transform is honoured', async () => {
    const hub = await createHubApp({ configure: (app) => void app.use(compression({ threshold: 0 })) });
    const stream = await open(hub.url, { query: { topic: 'a' }, headers: { 'accept-encoding': 'gzip' } });
    expect(stream.headers).not.toHaveProperty('content-encoding');
    await hub.service.publish({ topic: 'a', data: 'clear' });
    expect(dataOf(await stream.body.waitFor('data: clear\n\n'))).toEqual(['clear']);
    await hub.close();
  });

  it('arrives whole and at once when something compresses in spite of that', async () => {
    const { createGunzip } = await import('node:zlib');
    const hub = await createHubApp({
      configure: (app) => {
        app.use(
          (
            _request: unknown,
            response: { setHeader: (name: string, value: unknown) => unknown },
            next: () => void,
          ) => {
            const setHeader = response.setHeader.bind(response);
            response.setHeader = (name, value) =>
              setHeader(
                name,
                /^cache-control$/i.test(name) ? String(value).replace(', no-transform', '') : value,
              );
            next();
          },
        );
        app.use(compression({ threshold: 0, filter: () => true }));
      },
    });
    const stream = await open(hub.url, { query: { topic: 'a' }, headers: { 'accept-encoding': 'gzip' } });
    expect(stream.headers['content-encoding']).toBe('gzip');
    await hub.service.publish({ topic: 'a', id: '1', data: 'squeezed' });
    const gunzip = createGunzip();
    let clear = '';
    gunzip.on('data', (chunk: Buffer) => (clear += chunk.toString()));
    let fed = 0;
    await eventually('the event can be read', () => {
      const { bytes } = stream.body;
      if (bytes.length > fed) gunzip.write(bytes.subarray(fed));
      fed = bytes.length;
      return clear.includes('data: squeezed\n\n');
    });
    expect(clear).toBe(':\nid: 1\ndata: squeezed\n\n');
    await hub.close();
  });
});
