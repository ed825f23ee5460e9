import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { dataOf, form, open } from '../support/http-client.js';
import { Http2Client } from '../support/http2-client.js';
import { createHubApp, type HubApp } from '../support/hub-app.js';
import { bearer, legacyToken } from '../support/tokens.js';

const PATH = '/.well-known/mercure';

/** A certificate for this run alone. */
function selfSigned(): { key: Buffer; cert: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'mercure-tls-'));
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const subject = ['-subj', '/CN=127.0.0.1', '-days', '1', '-nodes'];
    const files = ['-keyout', keyFile, '-out', certFile];
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...files], { stdio: 'ignore' });
    return { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe.each([['in clear text'], ['with TLS']])('A stream over HTTP/2 %s', (kind) => {
  let hub: HubApp;
  let client: Http2Client;
  const nobodyLeft = () => eventually('nobody is connected', () => hub.hub.connections === 0);
  beforeAll(async () => {
    const fastify = kind === 'with TLS' ? { https: { ...selfSigned(), allowHTTP1: true } } : {};
    hub = await createHubApp({ adapter: 'fastify-h2', fastify });
    client = await Http2Client.connect(hub.origin);
  });
  afterAll(async () => {
    client.close();
    await hub.close();
  });

  it('has its headers, none of them about a connection (RFC 9113 §8.2.2), and its first bytes', async () => {
    const stream = await client.open(`${PATH}?topic=a`);
    expect(stream.headers).toMatchObject({
      ':status': 200,
      'content-type': 'text/event-stream',
      'cache-control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
      'x-accel-buffering': 'no',
    });
    for (const name of ['connection', 'keep-alive', 'transfer-encoding'])
      expect(stream.headers).not.toHaveProperty(name);
    expect(await stream.body.waitFor((text) => text.length >= 2)).toBe(':\n');
    stream.abort();
    await nobodyLeft();
  });

  it('is one of many on its session, each with its own topics and cursor', async () => {
    await hub.service.publish({ topic: 't0', id: 'start', data: 'old' });
    const streams = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        client.open(`${PATH}?topic=t${index}`, index === 0 ? { 'last-event-id': 'earliest' } : {}),
      ),
    );
    for (let index = 0; index < 50; index++)
      await hub.service.publish({ topic: `t${index}`, data: `#${index}` });
    for (const [index, { body }] of streams.entries()) {
      expect(dataOf(await body.waitFor(`#${index}\n\n`))).toEqual(
        index === 0 ? ['old', '#0'] : [`#${index}`],
      );
    }
    for (const { abort } of streams) abort();
    await nobodyLeft();
  });

  it('does not stall its siblings when it is not read, and is cut alone', async () => {
    const own = await createHubApp({ adapter: 'fastify-h2', options: { maxBufferedBytes: 64 * 1024 } });
    const session = await Http2Client.connect(own.origin);
    const slow = await session.open(`${PATH}?topic=a`);
    const quick = await session.open(`${PATH}?topic=a`);
    await Promise.all([slow.body.waitFor(':\n'), quick.body.waitFor(':\n')]);
    slow.pause();
    const data = 'x'.repeat(8 * 1024);
    for (let index = 0; own.hub.connections === 2; index++) {
      expect(index).toBeLessThan(5000);
      await own.service.publish({ topic: 'a', id: String(index), data });
      await quick.body.waitFor(`id: ${index}\n`);
    }
    await own.service.publish({ topic: 'a', data: 'still here' });
    await quick.body.waitFor('still here');
    session.close();
    await own.close();
  });

  it('takes publications, and refuses like elsewhere', async () => {
    const stream = await client.open(`${PATH}?topic=p`);
    const type = { ':method': 'POST', 'content-type': 'application/x-www-form-urlencoded' };
    const token = bearer(await legacyToken({ publish: ['*'] }));
    const ok = await client.open(PATH, { ...type, ...token }, form({ topic: 'p', id: 'x', data: 'over h2' }));
    expect(ok.status).toBe(200);
    await ok.body.ended();
    expect(ok.body.text).toBe('x');
    await stream.body.waitFor('over h2');
    const statuses = [
      await client.open(PATH, type, form({ topic: 'p' })),
      await client.open(PATH, { ...type, ...token }, 'data=x'),
      await client.open(PATH, { ...type, ...token }, `topic=p&data=${'x'.repeat(1024 * 1024)}`),
      await client.open(PATH),
      await client.open(`${PATH}/nowhere`),
      await client.open(PATH, { ':method': 'DELETE' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([401, 400, 413, 400, 404, 405]);
    stream.abort();
    await nobodyLeft();
  });

  it('answers HEAD with headers alone', async () => {
    const head = await client.open(`${PATH}?topic=a`, { ':method': 'HEAD' });
    expect(head.status).toBe(200);
    await head.body.ended();
    expect(head.body.text).toBe('');
    await nobodyLeft();
  });

  it('leaves nothing behind when its session goes', async () => {
    const session = await Http2Client.connect(hub.origin);
    const streams = await Promise.all(Array.from({ length: 10 }, () => session.open(`${PATH}?topic=a`)));
    expect(streams.every(({ status }) => status === 200)).toBe(true);
    session.close();
    await nobodyLeft();
  });

  it('ends in order when the application closes', async () => {
    const own = await createHubApp({ adapter: 'fastify-h2' });
    const session = await Http2Client.connect(own.origin);
    const stream = await session.open(`${PATH}?topic=a`);
    await stream.body.waitFor(':\n');
    await own.close();
    expect(await stream.body.ended()).toBe('end');
    session.close();
  });
});

describe('A stream over TLS', () => {
  it('is served to clients of HTTP/1.1 by a server of HTTP/2, too', async () => {
    const hub = await createHubApp({
      adapter: 'fastify-h2',
      fastify: { https: { ...selfSigned(), allowHTTP1: true } },
    });
    const stream = await open(hub.url, { query: { topic: 'a' }, headers: { connection: 'keep-alive' } });
    expect(stream.headers.connection).toBe('keep-alive');
    await hub.service.publish({ topic: 'a', data: 'secure' });
    await stream.body.waitFor('data: secure');
    stream.abort();
    await eventually('nobody is connected', () => hub.hub.connections === 0);
    await hub.close();
  });

  it.each(['express', 'fastify'] as const)('is written like one in clear text: %s', async (adapter) => {
    const tls = selfSigned();
    const settings = adapter === 'express' ? { nest: { httpsOptions: tls } } : { fastify: { https: tls } };
    const hub = await createHubApp({ adapter, ...settings });
    const stream = await open(hub.url, { query: { topic: 'a' } });
    await hub.service.publish({ topic: 'a', id: '1', data: 'secure' });
    expect(await stream.body.waitFor('data: secure\n\n')).toBe(':\nid: 1\ndata: secure\n\n');
    stream.abort();
    await eventually('nobody is connected', () => hub.hub.connections === 0);
    await hub.close();
  });
});
