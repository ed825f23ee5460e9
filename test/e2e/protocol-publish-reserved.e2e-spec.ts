import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publish } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { legacyToken } from '../support/tokens.js';

/** Topics that are, or hide, the hub's own path or one below it. */
const RESERVED = [
  '/.well-known/mercure',
  '/.well-known/mercure/',
  '/.well-known/mercure?query',
  '/.well-known/mercure#fragment',
  '/.well-known/mercure/subscriptions/a/b',
  'https://example.com/.well-known/mercure/subscriptions',
  'https://127.0.0.1/.well-known/mercure',
  '//example.com/.well-known/mercure/x',
  'mercure',
  'mercure/subscriptions/a',
  './mercure',
  '../.well-known/mercure/x',
  '/a/../.well-known/mercure',
  '/.well-known/./mercure',
  '/.well-known/x/../mercure/x',
  '/.well-known/x/%2e%2e/mercure',
  '/.well-known/x/.%2E/mercure',
  '\\.well-known\\mercure',
  '/.well-known\\mercure\\x',
  '/.well-known/%6Dercure',
  '/.well-known/%6dercur%65/x',
  '/%2Ewell%2Dknown/mercure',
  '/%2e%77ell-known/mercure',
  ' /.well-known/mercure',
  '/.well-known/mercure ',
  '?topic=a',
  '#x',
  '',
];

/** Topics that only look like it. */
const FREE = [
  '/.well-known/mercureX',
  '/.well-known/mercure-x/y',
  '/.WELL-KNOWN/mercure',
  '/.well-known/Mercure',
  '/.well-known',
  '/well-known/mercure',
  '/x/.well-known/mercure',
  '/.well-known//mercure',
  '/.well-known/mercure%2Fx',
  '/.well-known%2Fmercure',
  '/.well-known/%256Dercure',
  'https://example.com/?u=/.well-known/mercure',
  'https://example.com/#/.well-known/mercure',
  'https://mercure/',
  'mercure:x',
  'mercury',
  'urn:x:/.well-known/mercure',
  'http://[',
];

describe.each(ADAPTERS)('The namespace of the hub on %s', (adapter) => {
  let token: string;
  let hub: HubApp;
  const accepted: string[] = [];
  beforeAll(async () => {
    token = await legacyToken({ publish: ['*'] });
    hub = await createHubApp({ adapter });
    hub.service.updates$.subscribe(({ topics }) => accepted.push(...topics));
  });
  afterAll(() => hub.close());

  it.each(RESERVED)('is closed to publishers: %j is 400', async (topic) => {
    for (const fields of [{ topic }, { topic: ['https://example.com/a', topic] }]) {
      const answer = await publish(hub.url, token, fields);
      expect(answer).toMatchObject({
        status: 400,
        reason: `"${topic}": topic value resolves into the reserved "/.well-known/mercure" namespace`,
      });
    }
    expect(accepted).toEqual([]);
  });

  it.each(FREE)('is not larger than it is: %j may be published to', async (topic) => {
    expect((await publish(hub.url, token, { topic })).status).toBe(200);
    expect(accepted.splice(0)).toEqual([topic]);
  });

  it('moves with `path`', async () => {
    const moved = await createHubApp({ adapter, options: { path: '/live/hub' } });
    const status = async (topic: string) => (await publish(moved.url, token, { topic })).status;
    expect(await status('/live/hub/x')).toBe(400);
    expect(await status('hub')).toBe(400);
    expect(await status('/live/%68ub')).toBe(400);
    expect(await status('/.well-known/mercure')).toBe(200);
    await moved.close();
  });
});

describe.each(ADAPTERS)('Where only 0.x is spoken, on %s', (adapter) => {
  let hub: HubApp;
  let token: string;
  beforeAll(async () => {
    token = await legacyToken({ publish: ['*'] });
    hub = await createHubApp({ adapter, options: { protocol: '0.x' } });
  });
  afterAll(() => hub.close());

  it.each([
    {
      promise: 'a topic that contains the path is 403',
      fields: { topic: 'https://example.com/.well-known/mercure/x' },
      status: 403,
      reason: /references the reserved "\/\.well-known\/mercure" namespace/,
    },
    {
      promise: 'a topic that contains it in its query is 403',
      fields: { topic: 'https://example.com/?/.well-known/mercure' },
      status: 403,
      reason: /references the reserved/,
    },
    { promise: 'the topic `*` is allowed', fields: { topic: '*' }, status: 200 },
    { promise: 'the type `mercure` is allowed', fields: { topic: 'a', type: 'mercure' }, status: 200 },
    {
      promise: 'NUL, CR and LF in an id are 400',
      fields: { topic: 'a', id: 'a\nb' },
      status: 400,
      reason: '"id" field contains a forbidden control character',
    },
    {
      promise: 'NUL, CR and LF in a type are 400',
      fields: { topic: 'a', type: 'a\0b' },
      status: 400,
      reason: '"type" field contains a forbidden control character',
    },
    { promise: 'no topic is 400', fields: { data: 'x' }, status: 400, reason: 'Missing "topic" parameter' },
    {
      promise: 'a retry that is no number is 400',
      fields: { topic: 'a', retry: 'x' },
      status: 400,
      reason: 'Invalid "retry" parameter',
    },
    { promise: '1001 topics are 413', fields: { topic: Array<string>(1001).fill('a') }, status: 413 },
  ] as {
    promise: string;
    fields: Record<string, string | string[]>;
    status: number;
    reason?: string | RegExp;
  }[])('$promise', async ({ fields, status, reason }) => {
    const answer = await publish(hub.url, token, fields);
    expect(answer.status).toBe(status);
    if (typeof reason === 'string') expect(answer.reason).toBe(reason);
    else if (reason) expect(answer.reason).toMatch(reason);
  });

  it('answers a missing grant with 401', async () => {
    const other = await legacyToken({ publish: ['b'] });
    expect(await publish(hub.url, other, { topic: 'a' })).toMatchObject({
      status: 401,
      reason: 'Unauthorized',
    });
  });
});
