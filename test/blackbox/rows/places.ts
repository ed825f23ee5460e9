import { GENERATIONS, LEGACY, MODERN, type Row, type Token } from '../support/row.js';
import { follow, hears, secret } from './steps.js';

const COOKIE = '__Secure-mercure_access_token';
const OLD_COOKIE = 'mercureAuthorization';
const READER = { subscribe: ['*'] };
const MODERN_READER: Token = { generation: '1.0', ...READER };
const LEGACY_READER: Token = { generation: '0.x', ...READER };
const WRITER = { publish: ['*'] };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
/** Hears what is private: the token was read. */
const read = [secret('$T', 'granted'), hears('granted')];
const page = (headers: Record<string, string>, status: number) => ({
  ask: {
    method: 'POST',
    body: 'topic=$T',
    headers: { ...FORM, ...headers },
    token: WRITER,
    place: { cookie: COOKIE },
  },
  answer: { status },
});

/** Where tokens are looked for. */
export const PLACES: readonly Row[] = [
  ...(
    [
      [COOKIE, '1.0', MODERN],
      [COOKIE, '0.x', ['both']],
      [OLD_COOKIE, '0.x', LEGACY],
    ] as const
  ).map(([cookie, generation, generations], index) => ({
    id: `A-5.${index + 1}`,
    promise: `a ${generation} token may come in the cookie ${cookie}`,
    generations,
    steps: [follow('$T', { token: { generation, ...READER }, place: { cookie } }), ...read],
  })),
  {
    id: 'A-5.4',
    promise: 'a 0.x token may come as `authorization` in the query',
    generations: LEGACY,
    steps: [follow('$T', { token: LEGACY_READER, place: 'query' }), ...read],
  },
  {
    id: 'A-5.5',
    promise: 'a 1.0 token in the query is not there: anybody may listen, to what is public',
    generations: MODERN,
    steps: [
      follow('$T', { token: MODERN_READER, place: 'query' }),
      secret('$T', 'private'),
      { publish: 'topic=$T&data=public' },
      hears('public'),
    ],
  },
  {
    id: 'A-5.6',
    promise: 'nor is it where a token is needed: 401 without an error',
    generations: MODERN,
    setup: 'closed',
    steps: [
      {
        ask: { query: [['match', '$T']], token: MODERN_READER, place: 'query' },
        answer: { status: 401, headers: { 'www-authenticate': /^Bearer (?!.*error=)/ } },
      },
    ],
  },
  {
    id: 'A-5.7',
    promise: 'no token is read from the query where only 1.0 is spoken, not even to refuse it',
    generations: ['1.0'],
    steps: [follow('$T', { token: LEGACY_READER, place: 'query' })],
  },
  {
    id: 'A-5.8',
    promise: 'nor is the cookie of 0.x',
    generations: ['1.0'],
    steps: [
      follow('$T', { token: MODERN_READER, place: { cookie: OLD_COOKIE } }),
      secret('$T', 'private'),
      { publish: 'topic=$T&data=public' },
      hears('public'),
    ],
  },
  {
    id: 'A-5.9',
    promise: 'the header goes before the cookie, which is then not looked at',
    generations: GENERATIONS,
    steps: [
      follow('$T', { token: READER, headers: { cookie: `${COOKIE}=broken; ${OLD_COOKIE}=broken` } }),
      ...read,
    ],
  },
  {
    id: 'A-5.10',
    promise: 'the query of 0.x goes before the cookie',
    generations: LEGACY,
    steps: [
      follow('$T', {
        token: LEGACY_READER,
        place: 'query',
        headers: { cookie: `${COOKIE}=broken; ${OLD_COOKIE}=broken` },
      }),
      ...read,
    ],
  },
  {
    id: 'A-5.11',
    promise: '`access_token` in the query is never read',
    generations: GENERATIONS,
    setup: 'closed',
    steps: [
      {
        ask: {
          query: [
            ['$M', '$T'],
            ['access_token', 'x'.repeat(60)],
          ],
        },
        answer: { status: 401, headers: { 'www-authenticate': /^Bearer(?!.*error=)/ } },
      },
    ],
  },
  {
    id: 'A-5.12',
    promise: 'the cookie has the name that is configured',
    generations: GENERATIONS,
    setup: 'closed',
    steps: [
      follow('$T', { token: READER, place: { cookie: 'hub_token' } }),
      { ask: { query: [['$M', '$T']], token: READER, place: { cookie: COOKIE } }, answer: { status: 401 } },
    ],
  },
  {
    id: 'A-5.13',
    promise: 'a cookie that cannot be read is 401, though anybody may listen',
    generations: MODERN,
    steps: [
      { ask: { query: [['match', '$T']], headers: { cookie: `${COOKIE}=broken` } }, answer: { status: 401 } },
    ],
  },
  {
    id: 'A-5.14',
    promise: 'a 0.x token may come in the query as tutorials spell it, with its scheme',
    generations: LEGACY,
    steps: [follow('$T', { token: LEGACY_READER, place: 'tutorial' }), ...read],
  },
  {
    id: 'B7-13',
    promise: 'a page may publish with the cookie from an origin that is listed',
    generations: MODERN,
    steps: [
      page({ origin: 'https://listed.test' }, 200),
      page({ referer: 'https://listed.test/a/page?x' }, 200),
      page({ origin: 'https://listed.test', referer: 'https://evil.test/' }, 200),
    ],
  },
  {
    id: 'B7-14',
    promise: 'and from no other',
    generations: MODERN,
    steps: [
      page({ origin: 'https://evil.test' }, 400),
      page({ origin: 'https://listed.test.evil.test' }, 400),
      page({ origin: 'null' }, 400),
      page({ origin: 'https://evil.test', referer: 'https://listed.test/' }, 400),
      page({ referer: 'https://evil.test/https://listed.test' }, 400),
    ],
  },
  {
    id: 'B7-15',
    promise: 'nor without saying where it comes from',
    generations: MODERN,
    steps: [page({}, 400)],
  },
  {
    id: 'B7-16',
    promise: 'such a page is 401 where only 0.x is spoken',
    generations: ['0.x'],
    steps: [
      ...[{ origin: 'https://evil.test' }, {}].map((headers) => ({
        ask: {
          method: 'POST',
          body: 'topic=$T',
          headers: { ...FORM, ...headers } as Record<string, string>,
          token: WRITER,
          place: { cookie: OLD_COOKIE },
        },
        answer: { status: 401 },
      })),
      {
        ask: {
          method: 'POST',
          body: 'topic=$T',
          headers: { ...FORM, origin: 'https://listed.test' },
          token: WRITER,
          place: { cookie: OLD_COOKIE },
        },
        answer: { status: 200 },
      },
    ],
  },
  {
    id: 'B7-17',
    promise: 'where no page may publish, none does',
    generations: MODERN,
    setup: 'closed',
    steps: [
      {
        ask: {
          method: 'POST',
          body: 'topic=$T',
          headers: { ...FORM, origin: 'https://listed.test' },
          token: WRITER,
          place: { cookie: 'hub_token' },
        },
        answer: { status: 400 },
      },
    ],
  },
  {
    id: 'B7-18',
    promise: 'subscribing with the cookie is asked no origin',
    generations: GENERATIONS,
    steps: [
      follow('$T', { token: READER, place: { cookie: '$C' }, headers: { origin: 'https://evil.test' } }),
      ...read,
    ],
  },
];
