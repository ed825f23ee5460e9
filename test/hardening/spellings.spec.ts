import { describe, expect, it } from 'vitest';
import { placeOf } from '../../src/http/place.js';
import { connectRaw, rawRequest } from '../support/raw-connection.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { legacyToken } from '../support/tokens.js';

const options = { path: '/.well-known/mercure', subscriptions: true };
const METADATA = '/.well-known/oauth-protected-resource/.well-known/mercure';

describe('a place of the hub', () => {
  it.each([
    ['/.well-known/mercure', 'hub'],
    ['/.well-known/mercure?topic=a', 'hub'],
    ['/.well-known/mercure/subscriptions', 'subscriptions'],
    ['/.well-known/mercure/subscriptions/exact/a%2Fb', 'subscriptions'],
    ['/.well-known/mercure/other', 'below'],
    ['/.well-known/mercure/', 'below'],
    [METADATA, 'metadata'],
    ['/.WELL-KNOWN/mercure', 'below'],
    ['/.well-known/mercur%65', 'below'],
    ['/.well-known%2Fmercure', 'below'],
    ['/.well-known/mercure2', 'elsewhere'],
    ['/', 'elsewhere'],
    ['/%zz', 'elsewhere'],
  ])('is told by the path as it is sent: %s is %s', (url, place) => {
    expect(placeOf(url, METADATA, options)).toBe(place);
  });
});

describe.each(ADAPTERS)('Another spelling of the hub, on %s', (adapter) => {
  const status = async (port: number, line: string, headers: Record<string, string> = {}, body = '') => {
    const connection = await connectRaw(port);
    connection.send(rawRequest(line, { Connection: 'close', ...headers }, body));
    await connection.received.waitFor('\r\n\r\n');
    connection.destroy();
    return Number(connection.received.text.split(' ', 2)[1]);
  };

  it('is no way around the hosts that are answered', async () => {
    const hub = await createHubApp({ adapter, options: { publicUrls: ['http://hub.test'] } });
    const path = '/.well-known/mercure?topic=a';
    expect(await status(hub.port, `GET ${path} HTTP/1.1`, { Host: 'hub.test' })).toBe(200);
    expect(await status(hub.port, `GET ${path} HTTP/1.1`, { Host: 'evil.test' })).toBe(421);
    expect(await status(hub.port, `GET http://evil.test${path} HTTP/1.1`, { Host: 'hub.test' })).toBe(421);
    expect(await status(hub.port, `GET http://hub.test${path} HTTP/1.1`, { Host: 'evil.test' })).toBe(200);
    for (const spelling of ['/.WELL-KNOWN/mercure?topic=a', '/.well-known/mercur%65?topic=a']) {
      expect(await status(hub.port, `GET ${spelling} HTTP/1.1`, { Host: 'hub.test' })).toBe(404);
    }
    await hub.close();
  });

  it('is no way around the limit of bodies', async () => {
    const hub = await createHubApp({ adapter, options: { maxBodyBytes: 100 } });
    const body = `topic=a&data=${'x'.repeat(200)}`;
    const headers = {
      Authorization: `Bearer ${await legacyToken({ publish: ['*'] })}`,
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': String(body.length),
    };
    for (const target of [
      '/.well-known/mercure',
      'http://localhost/.well-known/mercure',
      '/.well-known/mercure#x',
    ]) {
      expect(await status(hub.port, `POST ${target} HTTP/1.1`, headers, body)).toBe(413);
    }
    await hub.close();
  });
});

describe('A router that ignores doubled slashes', () => {
  it('does not lead past what is decided before it', async () => {
    const hub = await createHubApp({
      adapter: 'fastify',
      fastify: { routerOptions: { ignoreDuplicateSlashes: true } },
    });
    const connection = await connectRaw(hub.port);
    connection.send(rawRequest('GET //.well-known/mercure?topic=a HTTP/1.1', { Connection: 'close' }));
    await connection.received.waitFor('\r\n\r\n');
    expect(connection.received.text).toMatch(/^HTTP\/1.1 404 /);
    connection.destroy();
    await hub.close();
  });
});
