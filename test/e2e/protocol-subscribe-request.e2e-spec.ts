import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Protocol } from '../../src/index.js';
import { dataOf, open, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import { bearer, legacyToken } from '../support/tokens.js';

type Query = readonly (readonly [name: string, value: string])[];

const PROTOCOLS = ['both', '1.0', '0.x'] as const;
const repeat = (count: number, name: string, value: (index: number) => string): Query =>
  Array.from({ length: count }, (_, index) => [name, value(index)]);

/** What a subscriber may ask for, with topics it hears and one beside each that it does not. */
const ACCEPTED: readonly {
  promise: string;
  protocols: readonly Protocol[];
  query: Query;
  heard: readonly string[];
  unheard: readonly string[];
}[] = [
  {
    promise: '`topic` is an exact topic',
    protocols: ['both', '0.x'],
    query: [['topic', 'https://example.com/books/1']],
    heard: ['https://example.com/books/1'],
    unheard: ['https://example.com/books/2', 'https://example.com/books/1/', 'HTTPS://example.com/books/1'],
  },
  {
    promise: '`topic` is a URI Template',
    protocols: ['both', '0.x'],
    query: [['topic', 'https://example.com/books/{id}']],
    heard: ['https://example.com/books/1', 'https://example.com/books/{id}'],
    unheard: ['https://example.com/books/1/pages', 'https://example.com/films/1'],
  },
  {
    promise: '`topic=*` is every topic',
    protocols: ['both', '0.x'],
    query: [['topic', '*']],
    heard: ['https://example.com/books/1', 'no-url', '/relative'],
    unheard: [],
  },
  {
    promise: '`topic` may be repeated',
    protocols: ['both', '0.x'],
    query: [
      ['topic', 'a'],
      ['topic', 'b'],
    ],
    heard: ['a', 'b'],
    unheard: ['c'],
  },
  {
    promise: '`topic` may be given 1000 times',
    protocols: ['both', '0.x'],
    query: repeat(1000, 'topic', (index) => `t${index}`),
    heard: ['t0', 't999'],
    unheard: ['t1000'],
  },
  {
    promise: '`match` is an exact topic, byte for byte',
    protocols: ['both', '1.0'],
    query: [['match', 'https://example.com/b%C3%BCcher/{id}']],
    heard: ['https://example.com/b%C3%BCcher/{id}'],
    unheard: ['https://example.com/bücher/{id}', 'https://example.com/b%c3%bccher/{id}'],
  },
  {
    promise: '`match_exact` is an exact topic',
    protocols: ['both', '1.0'],
    query: [['match_exact', '/books/:id']],
    heard: ['/books/:id'],
    unheard: ['/books/1'],
  },
  {
    promise: '`match_urlpattern` is a URL Pattern',
    protocols: ['both', '1.0'],
    query: [['match_urlpattern', 'https://example.com/books/:id']],
    heard: ['https://example.com/books/1', 'https://EXAMPLE.com/books/1?page=2'],
    unheard: ['https://example.com/books/1/pages', 'https://example.com/Books/1'],
  },
  ...(['match', 'match_exact', 'match_urlpattern'] as const).map((name) => ({
    promise: `\`${name}=*\` is every topic: the wildcard goes before the type`,
    protocols: ['both', '1.0'] as const,
    query: [[name, '*']] as const,
    heard: ['https://example.com/books/1', 'no url at all'],
    unheard: [],
  })),
  {
    promise: 'a stream may have 100 matchers',
    protocols: ['both', '1.0'],
    query: repeat(100, 'match', (index) => `t${index}`),
    heard: ['t0', 't99'],
    unheard: ['t100'],
  },
  {
    promise: 'both generations may be mixed in one request',
    protocols: ['both'],
    query: [
      ['topic', 'a/{id}'],
      ['match', 'b'],
      ['match_urlpattern', 'https://example.com/:id'],
    ],
    heard: ['a/1', 'b', 'https://example.com/1'],
    unheard: ['c', 'b/{id}'],
  },
  {
    promise: 'parameters that are no matchers are ignored',
    protocols: PROTOCOLS,
    query: [
      ['x', 'b'],
      ['TOPIC', 'b'],
      ['topics', 'b'],
      ['rematch', 'b'],
    ],
    heard: ['a'],
    unheard: ['b'],
  },
  {
    promise: 'a matcher has at most 4096 bytes: this many',
    protocols: ['both', '1.0'],
    query: [['match', 'a'.repeat(4096)]],
    heard: ['a'.repeat(4096)],
    unheard: ['a'.repeat(4095)],
  },
];

const UNKNOWN = [
  'MATCH',
  'Match',
  'matchurlpattern',
  'match_exactly',
  'matchRegexp',
  'match_URLPATTERN',
  'match_',
  'match[]',
];
const FORBIDDEN = {
  NUL: '%00',
  LF: '%0A',
  CR: '%0D',
  DEL: '%7F',
  'U+0085 (C1)': '%C2%85',
  'U+200B (Cf)': '%E2%80%8B',
  'U+202E (Cf)': '%E2%80%AE',
  'U+FEFF (Cf)': '%EF%BB%BF',
  'a byte that is no UTF-8': '%FF',
  'an overlong encoding': '%C0%AF',
  'an encoded surrogate': '%ED%A0%80',
};

/** Requests that are refused: status, reason, and what the answer must or must not say besides. */
const REFUSED: readonly {
  promise: string;
  protocols: readonly Protocol[];
  query: string;
  reason: string | RegExp;
}[] = [
  {
    promise: 'none of the parameters',
    protocols: ['both', '1.0'],
    query: 'x=1',
    reason: 'missing "match" subscription parameter',
  },
  { promise: 'no `topic`', protocols: ['0.x'], query: 'match=a', reason: 'Missing "topic" parameter.' },
  {
    promise: '`topic` where only 1.0 is spoken',
    protocols: ['1.0'],
    query: 'topic=a',
    reason: 'unknown topic matcher query parameter: "topic" (use "match" or "match_urlpattern")',
  },
  {
    promise: '1001 `topic` parameters',
    protocols: ['both', '0.x'],
    query: Array(1001).fill('topic=a').join('&'),
    reason: 'Too many "topic" parameters.',
  },
  {
    promise: '101 matchers',
    protocols: ['both', '1.0'],
    query: Array(101).fill('match=a').join('&'),
    reason: 'too many matchers (max 100)',
  },
  {
    promise: '101 matchers of several types together',
    protocols: ['both', '1.0'],
    query: [...Array(50).fill('match=a'), ...Array(51).fill('match_urlpattern=/a')].join('&'),
    reason: 'too many matchers (max 100)',
  },
  ...['match', 'match_exact'].map((name) => ({
    promise: `\`${name}\` of 4097 bytes`,
    protocols: ['both', '1.0'] as const,
    query: `${name}=${'a'.repeat(4097)}`,
    reason: 'pattern too long (max 4096 bytes)',
  })),
  {
    promise: '`match` of 1366 characters that are 4098 bytes',
    protocols: ['both', '1.0'],
    query: `match=${encodeURIComponent('漢'.repeat(1366))}`,
    reason: 'pattern too long (max 4096 bytes)',
  },
  {
    promise: '`topic` of 4097 bytes',
    protocols: ['both'],
    query: `topic=${'a'.repeat(4097)}`,
    reason: /too long/,
  },
  {
    promise: 'a URL Pattern of 2049 characters',
    protocols: ['both', '1.0'],
    query: `match_urlpattern=/${'a'.repeat(2048)}`,
    reason: /too long/,
  },
  {
    promise: 'a URI Template of 2049 characters',
    protocols: ['both', '0.x'],
    query: `topic=${'a'.repeat(2045)}%7Bb%7D${'a'.repeat(2)}`,
    reason: /too long/,
  },
  ...UNKNOWN.map((name) => ({
    promise: `the parameter \`${name}\``,
    protocols: ['both', '1.0'] as const,
    query: `match=a&${encodeURIComponent(name)}=b`,
    reason: `unknown topic matcher query parameter: "${name}"`,
  })),
  ...Object.entries(FORBIDDEN).flatMap(([what, encoded]) =>
    ['match', 'match_exact', 'match_urlpattern'].map((name) => ({
      promise: `${what} in \`${name}\``,
      protocols: ['both', '1.0'] as const,
      query: `${name}=a${encoded}b`,
      reason: 'topic matcher values must be valid UTF-8 without control characters',
    })),
  ),
  ...['/books/(', '/books/{', 'https://[', '/(?=x)', '/(a)(\\1)', '/:a/:a'].map((pattern) => ({
    promise: `the broken URL Pattern ${pattern}`,
    protocols: ['both', '1.0'] as const,
    query: `match_urlpattern=${encodeURIComponent(pattern)}`,
    reason: 'invalid topic matcher pattern',
  })),
];

describe.each(ADAPTERS)('Subscribing on %s', (adapter) => {
  const hubs = new Map<Protocol, HubApp>();
  const hubOf = (protocol: Protocol) => hubs.get(protocol)!;

  beforeAll(async () => {
    for (const protocol of PROTOCOLS)
      hubs.set(protocol, await createHubApp({ adapter, options: { protocol } }));
  });
  afterAll(async () => {
    for (const hub of hubs.values()) await hub.close();
  });

  describe.each(PROTOCOLS)('with protocol: %s', (protocol) => {
    const accepted = ACCEPTED.filter(({ protocols }) => protocols.includes(protocol));
    it.each(named(accepted))('takes what follows: %s', async (_, { query, heard, unheard }) => {
      const { url, service } = hubOf(protocol);
      const first = protocol === '0.x' ? 'topic' : 'match';
      const asked = query.some(([name]) => /^(topic|match\w*)$/.test(name))
        ? query
        : [[first, 'a'] as const, ...query];
      const stream = await open(url, { query: asked });
      expect(stream.status).toBe(200);
      for (const topic of [...unheard, ...heard]) await service.publish({ topic, data: topic });
      const text = await stream.body.waitFor((text) => dataOf(text).includes(heard.at(-1)!));
      expect(dataOf(text)).toEqual(heard);
      stream.abort();
    });

    const refused = REFUSED.filter(({ protocols }) => protocols.includes(protocol));
    it.each(named(refused))('refuses with 400: %s', async (_, { query, reason }) => {
      const answer = await send(`${hubOf(protocol).url}?${query}`);
      expect(answer.status).toBe(400);
      if (typeof reason === 'string') expect(answer.reason).toBe(reason);
      else expect(answer.reason).toMatch(reason);
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
      // Reason, remedy, and nothing of the machine inside.
      expect(answer.text.trimEnd().split('\n')).toHaveLength(2);
      expect(answer.text).not.toMatch(/\n\s+at |node_modules|Error:/);
    });
  });

  it('names the accepted parameters where none is given', async () => {
    const { text } = await send(hubOf('both').url);
    for (const name of ['match', 'match_exact', 'match_urlpattern', 'topic'])
      expect(text).toContain(`"${name}"`);
  });

  it('drops pairs with a broken escape and takes the rest', async () => {
    const { url, service } = hubOf('both');
    const stream = await open(`${url}?topic=%zz&match=%4&match=a&%zzmatch=b`);
    expect(stream.status).toBe(200);
    for (const topic of ['%zz', '%4', 'b', 'a']) await service.publish({ topic, data: topic });
    expect(dataOf(await stream.body.waitFor('data: a\n'))).toEqual(['a']);
    stream.abort();
  });

  it('judges the token before the parameters: 401, not 400', async () => {
    const token = await legacyToken({ subscribe: ['*'] }, { key: 'another key, of nobody in particular' });
    expect((await send(`${hubOf('both').url}?MATCH=a`, { headers: bearer(token) })).status).toBe(401);
  });

  it('does not register whoever is refused', async () => {
    const { url, hub } = hubOf('both');
    const before = hub.connections;
    await send(`${url}?match_urlpattern=(`);
    await send(`${url}?MATCH=a`);
    expect(hub.connections).toBe(before);
  });
});
