import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Update } from '../../src/index.js';
import { stopClock } from '../support/clock.js';
import { eventually } from '../support/eventually.js';
import { publish, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp, type HubAppSettings } from '../support/hub-app.js';
import { connectRaw, rawRequest } from '../support/raw-connection.js';
import { bearer, legacyToken } from '../support/tokens.js';

const MIB = 1024 * 1024;
const FORM = 'application/x-www-form-urlencoded';
const parser = (app: INestApplication) => app as NestExpressApplication & NestFastifyApplication;

/** Applications around the hub. What it answers must not depend on any of them. */
const APPLICATIONS: readonly {
  application: string;
  only?: string;
  settings: Omit<HubAppSettings, 'adapter'>;
}[] = [
  { application: 'nothing special', settings: {} },
  { application: '`bodyParser: false`', settings: { nest: { bodyParser: false } } },
  { application: '`rawBody: true`', settings: { nest: { rawBody: true } } },
  { application: '`enableCors()`', settings: { configure: (app) => app.enableCors() } },
  {
    application: 'body parsers of 1 KB',
    only: 'express',
    settings: {
      configure: (app) => {
        parser(app).useBodyParser('urlencoded', { extended: true, limit: '1kb' });
        parser(app).useBodyParser('json', { limit: '1kb' });
      },
    },
  },
  { application: '`bodyLimit: 1024`', only: 'fastify', settings: { fastify: { bodyLimit: 1024 } } },
  {
    application: 'a form parser of its own',
    only: 'fastify',
    settings: {
      configure: (app) => {
        parser(app).useBodyParser(FORM, { bodyLimit: 1024 }, (_request, _body, done) =>
          done(null, { topic: 'forged' }),
        );
      },
    },
  },
];

describe.each(ADAPTERS)('A publication on %s', (adapter) => {
  const here = APPLICATIONS.filter(({ only }) => only === undefined || only === adapter);
  describe.each(here)('beside $application', ({ settings }) => {
    let hub: HubApp;
    let token: string;
    let accepted: Update[] = [];
    beforeAll(async () => {
      token = await legacyToken({ publish: ['*'] });
      hub = await createHubApp({ adapter, ...settings });
      hub.service.updates$.subscribe((update) => accepted.push(update));
    });
    beforeEach(() => {
      accepted = [];
    });
    afterAll(() => hub.close());

    it('may have a body of exactly 1 MiB', async () => {
      const head = 'topic=a&data=';
      const body = head + 'x'.repeat(MIB - head.length);
      expect(Buffer.byteLength(body)).toBe(MIB);
      const answer = await publish(hub.url, token, body);
      expect(answer).toMatchObject({ status: 200, text: accepted[0]!.id });
      expect(accepted[0]!.data).toHaveLength(MIB - head.length);
    });

    it.each([
      ['with its length', {}],
      ['in chunks', { 'transfer-encoding': 'chunked' }],
    ])('is 413 with one byte more, sent %s', async (_, headers) => {
      const body = `topic=a&data=${'x'.repeat(MIB + 1 - 'topic=a&data='.length)}`;
      expect(await publish(hub.url, token, body, headers)).toMatchObject({
        status: 413,
        reason: 'Request Entity Too Large',
      });
      expect(accepted).toEqual([]);
    });

    it('may come in chunks', async () => {
      const answer = await publish(hub.url, token, 'topic=a&data=x', { 'transfer-encoding': 'chunked' });
      expect(answer.status).toBe(200);
      expect(accepted[0]).toMatchObject({ topics: ['a'], data: 'x' });
    });

    it('may repeat `topic`, up to 1000 times and with what other parsers treat as structure', async () => {
      expect((await publish(hub.url, token, `${'topic=a&'.repeat(999)}topic=b`)).status).toBe(200);
      expect(accepted[0]!.topics).toHaveLength(1000);
      expect(
        (await publish(hub.url, token, { topic: ['a[0]', 'b'], 'topic[]': 'c', 'data[x]': 'y' })).status,
      ).toBe(200);
      expect(accepted[1]).toMatchObject({ topics: ['a[0]', 'b'], data: '' });
      expect((await publish(hub.url, token, 'topic=a&'.repeat(1001))).status).toBe(413);
    });

    it.each([
      FORM,
      `${FORM}; charset=UTF-8`,
      `${FORM};charset="utf-8"`,
      'Application/X-WWW-Form-URLEncoded',
      ` ${FORM} ; x=y`,
    ])('is read as a form when it says %s', async (type) => {
      expect((await publish(hub.url, token, 'topic=a&data=x', { 'content-type': type })).status).toBe(200);
      expect(accepted[0]).toMatchObject({ topics: ['a'], data: 'x' });
    });

    it.each([
      ['application/json', '{"topic":"a"}'],
      ['application/json', '{broken'],
      ['application/ld+json', '{"topic":"a"}'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="topic"\r\n\r\na\r\n--x--\r\n',
      ],
      ['text/plain', 'topic=a'],
      ['application/octet-stream', 'topic=a'],
      ['application/x-www-form-urlencoded-not', 'topic=a'],
    ])('has no fields when it says %s: 400', async (type, body) => {
      const answer = await publish(hub.url, token, body, { 'content-type': type });
      expect(answer).toMatchObject({ status: 400, reason: 'Missing "topic" parameter' });
      expect(accepted).toEqual([]);
    });

    it('has no fields when it says no type at all: 400', async () => {
      const answer = await send(hub.url, { method: 'POST', headers: bearer(token), body: 'topic=a' });
      expect(answer).toMatchObject({ status: 400, reason: 'Missing "topic" parameter' });
    });

    it.each(['text/plain; boundary=', 'form', '/', `${FORM}; charset`, 'a/b/c', '; x=y'])(
      'is 400 when its type is none: %s',
      async (type) => {
        const answer = await publish(hub.url, token, 'topic=a', { 'content-type': type });
        expect(answer).toMatchObject({ status: 400, reason: 'Bad Request' });
        expect(accepted).toEqual([]);
      },
    );

    it.each(['gzip', 'deflate', 'br', 'x-unknown', 'gzip, identity'])(
      'is 415 when it is compressed: %s',
      async (encoding) => {
        const headers = { 'content-encoding': encoding };
        expect((await publish(hub.url, token, gzipSync('topic=a'), headers)).status).toBe(415);
        expect(accepted).toEqual([]);
      },
    );

    it('may say that it is not compressed', async () => {
      expect((await publish(hub.url, token, 'topic=a', { 'content-encoding': 'identity' })).status).toBe(200);
    });

    it('reaches whoever listens', async () => {
      const updates = accepted;
      const { text } = await publish(hub.url, token, {
        topic: ['a', 'b'],
        data: '1\n2',
        private: 'on',
        type: 't',
        retry: '3',
        id: 'i',
      });
      expect(text).toBe('i');
      expect(updates).toEqual([
        { id: 'i', topics: ['a', 'b'], data: '1\n2', private: true, type: 't', retry: 3 },
      ]);
    });
  });

  describe('with `maxBodyBytes`', () => {
    it('of its own has that limit', async () => {
      const token = await legacyToken({ publish: ['*'] });
      const hub = await createHubApp({ adapter, options: { maxBodyBytes: 100 } });
      const body = 'topic=a&data='.padEnd(100, 'x');
      expect((await publish(hub.url, token, body)).status).toBe(200);
      expect((await publish(hub.url, token, `${body}x`)).status).toBe(413);
      await hub.close();
    });

    it('0 has none', async () => {
      const token = await legacyToken({ publish: ['*'] });
      const hub = await createHubApp({ adapter, options: { maxBodyBytes: 0 } });
      expect((await publish(hub.url, token, `topic=a&data=${'x'.repeat(3 * MIB)}`)).status).toBe(200);
      await hub.close();
    });
  });

  it('is read even where a body parser takes every type', async () => {
    const hub = await createHubApp({
      adapter,
      configure: (app) => {
        if (adapter === 'express') parser(app).useBodyParser('raw', { type: () => true });
        else parser(app).useBodyParser('*', {}, (_request, body, done) => done(null, body));
      },
    });
    const answer = await publish(hub.url, await legacyToken({ publish: ['*'] }), { topic: 'a', id: 'read' });
    expect(answer).toMatchObject({ status: 200, text: 'read' });
    await hub.close();
  });

  it('whose body does not come is 408 after 30 seconds, and holds no connection', async () => {
    const clock = stopClock();
    const hub = await createHubApp({ adapter });
    const requests: IncomingMessage[] = [];
    hub.server.prependListener('request', (request) => requests.push(request));
    const connection = await connectRaw(hub.port);
    const headers = {
      'Content-Type': FORM,
      'Content-Length': '100',
      Authorization: `Bearer ${await legacyToken({ publish: ['*'] })}`,
    };
    connection.send(
      rawRequest('POST /.well-known/mercure HTTP/1.1', { ...headers, Expect: '100-continue' }, 'topic=a'),
    );
    await connection.received.waitFor('100 Continue');
    await eventually('its body is being read', () => (requests[0]?.listenerCount('data') ?? 0) > 0);
    await clock.advance(29_999);
    expect(connection.received.text).not.toContain('408');
    await clock.advance(1);
    await connection.received.waitFor('HTTP/1.1 408');
    // Whoever is late gets time to read why; then the connection goes.
    await clock.advance(60_000);
    await connection.received.ended();
    clock.restore();
    await hub.close();
  });

  it('may wait for leave to send its body (Expect: 100-continue)', async () => {
    const hub = await createHubApp({ adapter });
    const connection = await connectRaw(hub.port);
    const headers = {
      'Content-Type': FORM,
      'Content-Length': '7',
      Authorization: `Bearer ${await legacyToken({ publish: ['*'] })}`,
    };
    connection.send(rawRequest('POST /.well-known/mercure HTTP/1.1', { ...headers, Expect: '100-continue' }));
    await connection.received.waitFor('100 Continue');
    connection.send('topic=a');
    await connection.received.waitFor('HTTP/1.1 200');
    connection.destroy();
    await hub.close();
  });
});
