import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open, publish, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { legacyToken } from '../support/tokens.js';

const LISTED = 'https://app.test';
const EXPOSED = ['link', 'mercure-last-event-id', 'last-event-id'];
const PREFLIGHT_VARY = ['origin', 'access-control-request-method', 'access-control-request-headers'];
const words = (value: unknown) =>
  String(value)
    .toLowerCase()
    .split(/\s*,\s*/);
const granted = (headers: object) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

const APPLICATIONS = [
  { application: 'nothing', enable: undefined },
  { application: 'enableCors()', enable: {} },
  {
    application: 'enableCors() for another origin',
    enable: { origin: 'https://other.test', credentials: true, exposedHeaders: ['x-own'] },
  },
];

describe.each(ADAPTERS)('CORS on %s', (adapter) => {
  describe.each(APPLICATIONS)('beside $application', ({ enable }) => {
    const settings = { adapter, configure: enable && ((app: HubApp['app']) => app.enableCors(enable)) };
    let hub: HubApp;
    let any: HubApp;
    let none: HubApp;
    beforeAll(async () => {
      hub = await createHubApp({ ...settings, options: { corsOrigins: [LISTED, 'https://*.apps.test'] } });
      any = await createHubApp({ ...settings, options: { corsOrigins: ['*'] } });
      none = await createHubApp(settings);
    });
    afterAll(() => Promise.all([hub.close(), any.close(), none.close()]));

    it.each([LISTED, 'https://a.apps.test'])('lets pages of %s follow, with credentials', async (origin) => {
      const stream = await open(hub.url, { query: { topic: 'a' }, headers: { origin } });
      stream.abort();
      expect(stream.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
      });
      expect(words(stream.headers['access-control-expose-headers']).toSorted()).toEqual(EXPOSED.toSorted());
      expect(words(stream.headers.vary)).toContain('origin');
    });

    it.each([
      'https://evil.test',
      'https://other.test',
      'null',
      'https://app.test.evil.test',
      'http://app.test',
      'https://app.test:8443',
    ])('gives pages of %s nothing, and still says that the answer varies', async (origin) => {
      const stream = await open(hub.url, { query: { topic: 'a' }, headers: { origin } });
      stream.abort();
      expect(stream.status).toBe(200);
      expect(granted(stream.headers)).toEqual([]);
      expect(words(stream.headers.vary)).toContain('origin');
    });

    it('gives whoever says no origin nothing', async () => {
      const { headers } = await send(hub.url, { method: 'HEAD', query: { topic: 'a' } });
      expect(granted(headers)).toEqual([]);
      expect(words(headers.vary)).toContain('origin');
    });

    it('never allows credentials with `*`', async () => {
      const { headers } = await send(any.url, {
        method: 'HEAD',
        query: { topic: 'a' },
        headers: { origin: 'https://x.test' },
      });
      expect(headers['access-control-allow-origin']).toBe('*');
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    });

    it('is on refusals and on the answers to publishers, too', async () => {
      const token = await legacyToken({ publish: ['*'] });
      const answers = [
        await send(hub.url, { headers: { origin: LISTED } }),
        await publish(hub.url, undefined, { topic: 'a' }, { origin: LISTED }),
        await publish(hub.url, token, { topic: 'a' }, { origin: LISTED }),
        await send(`${hub.url}/nowhere`, { headers: { origin: LISTED } }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([400, 401, 200, 404]);
      for (const { headers } of answers) expect(headers['access-control-allow-origin']).toBe(LISTED);
    });

    it('answers a preflight with 204, the methods, and the headers asked for', async () => {
      const answer = await send(hub.url, {
        method: 'OPTIONS',
        headers: {
          origin: LISTED,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,last-event-id,cache-control',
        },
      });
      expect(answer).toMatchObject({ status: 204, text: '' });
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': LISTED,
        'access-control-allow-credentials': 'true',
      });
      expect(words(answer.headers['access-control-allow-methods'])).toEqual(
        expect.arrayContaining(['get', 'head', 'post']),
      );
      const headers = words(answer.headers['access-control-allow-headers']);
      expect(headers).toEqual(expect.arrayContaining(['authorization', 'last-event-id', 'cache-control']));
      expect(words(answer.headers.vary)).toEqual(expect.arrayContaining(PREFLIGHT_VARY));
    });

    it('answers the preflight of another origin with 204 and no permission', async () => {
      const answer = await send(hub.url, {
        method: 'OPTIONS',
        headers: { origin: 'https://other.test', 'access-control-request-method': 'GET' },
      });
      expect(answer.status).toBe(204);
      expect(granted(answer.headers)).toEqual([]);
      expect(words(answer.headers.vary)).toEqual(expect.arrayContaining(PREFLIGHT_VARY));
    });

    it('is off where no origin is listed, whatever the application allows elsewhere', async () => {
      const { headers } = await send(none.url, {
        method: 'HEAD',
        query: { topic: 'a' },
        headers: { origin: LISTED },
      });
      expect(granted(headers)).toEqual([]);
      const preflight = await send(none.url, {
        method: 'OPTIONS',
        headers: { origin: LISTED, 'access-control-request-method': 'GET' },
      });
      expect(preflight.status).toBe(405);
      expect(granted(preflight.headers)).toEqual([]);
    });
  });
});

describe.each(ADAPTERS)("The hub's own paths on %s", (adapter) => {
  let hub: HubApp;
  let mute: HubApp;
  beforeAll(async () => {
    hub = await createHubApp({ adapter, options: { publicUrls: ['http://hub.test'] } });
    mute = await createHubApp({ adapter, options: { publisher: undefined } });
  });
  afterAll(() => Promise.all([hub.close(), mute.close()]));

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'answer %s with 405 and what is allowed',
    async (method) => {
      const answer = await send(mute.url, { method });
      expect(answer).toMatchObject({ status: 405, reason: 'Method Not Allowed' });
      expect(words(answer.headers.allow)).toEqual(expect.arrayContaining(['get', 'head']));
      expect(words(answer.headers.allow)).not.toContain(method.toLowerCase());
    },
  );

  it('answer POST with 405 where nobody has a key to publish with', async () => {
    const answer = await publish(mute.url, await legacyToken({ publish: ['*'] }), { topic: 'a' });
    expect(answer.status).toBe(405);
    expect(words(answer.headers.allow)).not.toContain('post');
  });

  it.each(['/', '/x', '/subscriptions/x/y/z/u', '/../mercure/x', '//'])(
    'are 404 below: %s',
    async (below) => {
      const answer = await send(mute.url + below);
      expect(answer.status).toBe(404);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    },
  );

  it('do not take what only begins alike', async () => {
    const { status, headers } = await send(`${mute.url}X?topic=a`);
    expect(status).toBe(404);
    expect(headers).not.toHaveProperty('x-xss-protection');
  });

  it.each([
    ['hub.test', 200],
    ['HUB.test', 200],
    ['hub.test:80', 200],
    ['elsewhere.test', 421],
    ['hub.test:8080', 421],
    ['hub.test.elsewhere.test', 421],
  ])('answer the host %s with %i where `publicUrls` are listed', async (host, status) => {
    for (const method of ['HEAD', 'GET']) {
      const answer = await send(hub.url, { method, query: { topic: 'a' }, headers: { host } });
      expect(answer.status).toBe(status);
      if (status === 421 && method === 'GET') expect(answer.reason).toBe('Misdirected Request');
    }
  });
});
