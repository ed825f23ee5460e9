import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open, publish } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { legacyToken } from '../support/tokens.js';

const escape = fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
const piece = fc.oneof(
  escape,
  fc.constantFrom(
    '%',
    '%z',
    '+',
    '&',
    '=',
    ';',
    '*',
    '{',
    '}',
    '(',
    ')',
    ':',
    '/',
    '\\',
    '?',
    '[',
    ']',
    '^',
    '~',
    'a',
  ),
);
const garbage = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
const field = (names: readonly string[]) =>
  fc.tuple(fc.constantFrom(...names), garbage).map(([name, value]) => `${name}=${value}`);

describe.each(ADAPTERS)('Whatever a stranger sends, on %s', (adapter) => {
  let hub: HubApp;
  let token: string;
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
    token = await legacyToken({ publish: ['*'] });
  });
  afterAll(() => hub.close());

  it('as a form is 200 with the id it is stored under, or 400', async () => {
    const accepted: string[] = [];
    const subscription = hub.service.updates$.subscribe(({ id }) => accepted.push(id));
    const fields = fc.array(field(['topic', 'data', 'id', 'type', 'retry', 'private', 'x']), {
      maxLength: 8,
    });
    const body = fc.oneof(
      fields.map((all) => ['topic=a', ...all].join('&')),
      garbage,
      fc.uint8Array({ maxLength: 60 }),
    );
    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        const before = accepted.length;
        const answer = await publish(hub.url, token, sent);
        expect([200, 400]).toContain(answer.status);
        expect(accepted.slice(before)).toEqual(answer.status === 200 ? [answer.text] : []);
      }),
      { numRuns: 300 },
    );
    subscription.unsubscribe();
  });

  it('as a query is a stream, or 400 or 429; and nothing is left of it', async () => {
    const names = [
      'topic',
      'match',
      'match_exact',
      'match_urlpattern',
      'last_event_id',
      'lastEventID',
      'authorization',
      'x',
    ];
    const query = fc.oneof(
      fc.array(field(names), { maxLength: 6 }).map((all) => all.join('&')),
      garbage,
    );
    await fc.assert(
      fc.asyncProperty(query, async (asked) => {
        const response = await open(`${hub.url}?${asked.replaceAll('#', '')}`);
        response.abort();
        // 401: an `authorization` parameter that is no token.
        expect([200, 400, 401, 429]).toContain(response.status);
      }),
      { numRuns: 300 },
    );
  });

  it('as headers is an answer', async () => {
    const value = fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code !== 0x7f)
        .map((code) => String.fromCharCode(code)),
      maxLength: 60,
    });
    const names = fc.constantFrom(
      'last-event-id',
      'authorization',
      'cookie',
      'origin',
      'referer',
      'accept',
      'access-control-request-method',
    );
    await fc.assert(
      fc.asyncProperty(
        names,
        value,
        fc.constantFrom('GET', 'HEAD', 'OPTIONS'),
        async (name, said, method) => {
          const response = await open(hub.url, { method, query: { topic: 'a' }, headers: { [name]: said } });
          response.abort();
          expect([200, 204, 400, 401, 405]).toContain(response.status);
        },
      ),
      { numRuns: 300 },
    );
  });
});
