import type { Answer, Step, Token } from '../support/row.js';
import { DETAIL, GENERATIONS, LEGACY, MODERN, repeat, type Row } from '../support/row.js';
import { follow, hears, secret } from './steps.js';

const SOMEBODYS = 'a secret of nobody, and as long as it must be';
const AN_HOUR = 3600;
const now = Math.floor(Date.now() / 1000);
const topics = (topics: unknown): Token['claims'] => ({
  authorization_details: [
    { type: DETAIL, actions: ['publish', 'subscribe'], topics: [{ match: '*' }] },
    { type: DETAIL, actions: ['publish', 'subscribe'], topics },
  ],
});
const details = (...more: readonly object[]): Token['claims'] => ({
  authorization_details: [{ type: DETAIL, actions: ['publish'], topics: [{ match: '*' }] }, ...more],
});

/** What is wrong with a token, and in which generations it matters. */
const WRONG: readonly [promise: string, generations: 'all' | 'modern', token: Token][] = [
  ['signed with another secret', 'all', { key: SOMEBODYS }],
  ['signed with another algorithm', 'all', { alg: 'HS512' }],
  ['expired', 'all', { claims: { exp: now - 60 } }],
  ['not valid yet', 'all', { claims: { nbf: now + AN_HOUR } }],
  ['with a critical header field nobody knows', 'all', { header: { crit: ['x'], x: 1 } }],
  ['of another type', 'modern', { header: { typ: 'JWT' } }],
  ['without a type', 'modern', { header: { typ: undefined } }],
  ['without `exp`', 'modern', { claims: { exp: undefined } }],
  ['without `iss`', 'modern', { claims: { iss: undefined } }],
  ['of another issuer', 'modern', { claims: { iss: 'https://other.test' } }],
  ['without `aud`', 'modern', { claims: { aud: undefined } }],
  ['for another audience', 'modern', { claims: { aud: ['https://other.test/.well-known/mercure'] } }],
  ['whose details are no list', 'modern', { claims: { authorization_details: { type: DETAIL } } }],
  [
    'with a detail that has no actions',
    'modern',
    { claims: details({ type: DETAIL, topics: [{ match: 'a' }] }) },
  ],
  [
    'with a detail whose actions are empty',
    'modern',
    { claims: details({ type: DETAIL, actions: [], topics: [{ match: 'a' }] }) },
  ],
  [
    'with an action that is no word',
    'modern',
    { claims: details({ type: DETAIL, actions: ['publish', 7], topics: [{ match: 'a' }] }) },
  ],
  ['with a detail that has no topics', 'modern', { claims: details({ type: DETAIL, actions: ['publish'] }) }],
  ['with a detail whose topics are empty', 'modern', { claims: topics([]) }],
  ['with a bare string as a topic', 'modern', { claims: topics(['a']) }],
  ['with a topic that has no match', 'modern', { claims: topics([{ match_type: 'exact' }]) }],
  ['with an empty match', 'modern', { claims: topics([{ match: '' }]) }],
  ['with a match that is null', 'modern', { claims: topics([{ match: null }]) }],
  ['with an unknown match type', 'modern', { claims: topics([{ match: 'a', match_type: 'regexp' }]) }],
  ['with a match type in another case', 'modern', { claims: topics([{ match: 'a', match_type: 'Exact' }]) }],
  ['with a broken pattern', 'modern', { claims: topics([{ match: 'https://[', match_type: 'urlpattern' }]) }],
  ['with a control character in a match', 'modern', { claims: topics([{ match: 'a\u0085b' }]) }],
  [
    'with 101 topics',
    'modern',
    { claims: topics(repeat(101, ['match', 'a']).map(([name, value]) => ({ [name]: value }))) },
  ],
  [
    'with a payload that is no object',
    'modern',
    {
      claims: details({ type: DETAIL, actions: ['subscribe'], topics: [{ match: 'a' }], payload: 'x' }),
    },
  ],
];

/** Tokens there is nothing to say against. */
const RIGHT: readonly [promise: string, generation: '1.0' | '0.x', token: Token][] = [
  ['whose type is at+jwt in any case', '1.0', { header: { typ: 'AT+JWT' } }],
  ['whose type is application/at+jwt', '1.0', { header: { typ: 'Application/At+Jwt' } }],
  ['with the hub among its audiences', '1.0', { claims: { aud: ['https://other.test', '$HUB'] } }],
  ['without any time', '0.x', {}],
  ['with a fraction of a second in `exp`', '0.x', { claims: { exp: now + AN_HOUR + 0.5 } }],
  ['whose type says nothing', '0.x', { header: { typ: 'JWT' } }],
];

const challenge = (error: string) => ({
  'www-authenticate': new RegExp(`^Bearer .*error="${error}".*resource_metadata="`),
});
const grantsAll = { publish: ['*'], subscribe: ['*'] };

/** Both doors refuse such a token. */
const refused = (token: Token, answer: Answer): Step[] => {
  const presented = { ...grantsAll, ...token };
  return [
    { publish: 'topic=$T', token: presented, answer },
    { ask: { query: [['$M', '$T']], token: presented }, answer },
  ];
};

export const TOKENS: readonly Row[] = [
  ...WRONG.map(([what, , token], index) => ({
    id: `A-3.${index + 1}`,
    promise: `a 1.0 token ${what} is 401 invalid_token, for subscribing too where nobody needs one`,
    generations: MODERN,
    steps: refused(
      { generation: '1.0', ...token },
      { status: 401, reason: 'Unauthorized', headers: challenge('invalid_token') },
    ),
  })),
  ...WRONG.filter(([, matters]) => matters === 'all').map(([what, , token], index) => ({
    id: `A-3.${index + 31}`,
    promise: `a 0.x token ${what} is 401, for subscribing too where nobody needs one`,
    generations: LEGACY,
    steps: refused({ generation: '0.x', ...token }, { status: 401, reason: 'Unauthorized' }),
  })),
  ...RIGHT.map(([what, generation, token], index) => ({
    id: `A-3.${index + 41}`,
    promise: `a ${generation} token ${what} counts`,
    generations: generation === '1.0' ? MODERN : LEGACY,
    steps: [
      follow('$T', { token: { generation, ...grantsAll, ...token } }),
      secret('$T', 'granted'),
      hears('granted'),
    ],
  })),
  {
    id: 'A-3.47',
    promise: 'a token of 1.0 with a claim of 0.x is judged as 1.0, whatever is wrong with it',
    generations: MODERN,
    steps: [
      {
        publish: 'topic=$T',
        token: {
          generation: '1.0',
          publish: ['$T'],
          claims: { exp: undefined, mercure: { publish: ['*'] } },
        },
        answer: { status: 401 },
      },
      {
        publish: 'topic=$T',
        token: {
          generation: '0.x',
          publish: ['*'],
          claims: { authorization_details: [] },
        },
        answer: { status: 401 },
      },
    ],
  },
  {
    id: 'A-4.1',
    promise: 'a 0.x token is 401 where only 1.0 is spoken',
    generations: ['1.0'],
    steps: [{ publish: 'topic=$T', token: { generation: '0.x', publish: ['*'] }, answer: { status: 401 } }],
  },
  {
    id: 'A-4.2',
    promise: 'a 1.0 token publishes nothing where only 0.x is spoken',
    generations: ['0.x'],
    steps: [{ publish: 'topic=$T', token: { generation: '1.0', publish: ['*'] }, answer: { status: 401 } }],
  },
  {
    id: 'A-24.1',
    promise: 'a token without a signature (alg none) is 401',
    generations: GENERATIONS,
    steps: [
      {
        publish: 'topic=$T',
        token: null,
        ask: {
          headers: {
            authorization: `Bearer ${b64('{"alg":"none"}')}.${b64('{"mercure":{"publish":["*"]}}')}.`,
          },
        },
        answer: { status: 401 },
      },
    ],
  },
  {
    id: 'A-24.2',
    promise: 'a token that cannot be read is judged as one of 1.0',
    generations: MODERN,
    steps: [
      {
        ask: { query: 'match=$T', headers: { authorization: `Bearer ${'x'.repeat(60)}` } },
        answer: { status: 401, headers: challenge('invalid_token') },
      },
    ],
  },
  {
    id: 'A-24.3',
    promise: 'and is 401 where only 0.x is spoken',
    generations: ['0.x'],
    steps: [
      {
        ask: { query: 'topic=$T', headers: { authorization: `Bearer ${'x'.repeat(60)}` } },
        answer: { status: 401 },
      },
    ],
  },
  {
    id: 'A-6.3',
    promise: 'no token is 401, with a challenge that names no error and says where to read on',
    generations: MODERN,
    steps: [
      {
        publish: 'topic=$T',
        token: null,
        answer: {
          status: 401,
          reason: 'Unauthorized',
          headers: {
            'www-authenticate':
              /^Bearer resource_metadata="http:\/\/[^"]+\/\.well-known\/oauth-protected-resource\/\.well-known\/mercure"$/,
          },
        },
      },
    ],
  },
  {
    id: 'A-6.15',
    promise: 'a 0.x token that is refused gets the challenge, too',
    generations: ['both'],
    steps: [
      {
        publish: 'topic=$T',
        token: { generation: '0.x', publish: ['*'], key: SOMEBODYS },
        answer: { status: 401, headers: { 'www-authenticate': /^Bearer .*resource_metadata="/ } },
      },
    ],
  },
  {
    id: 'A-6.4',
    promise: 'no token is 401 where only 0.x is spoken',
    generations: ['0.x'],
    steps: [{ publish: 'topic=$T', token: null, answer: { status: 401, reason: 'Unauthorized' } }],
  },
  {
    id: 'A-6.5',
    promise: 'subscribing without a token is 401 where one is needed',
    generations: GENERATIONS,
    setup: 'closed',
    steps: [{ ask: { query: [['$M', '$T']] }, answer: { status: 401, reason: 'Unauthorized' } }],
  },
  {
    id: 'A-6.6',
    promise: 'a missing grant is 403 insufficient_scope for tokens of 1.0',
    generations: MODERN,
    steps: [
      {
        publish: 'topic=$T',
        token: { generation: '1.0', publish: ['$T/x'] },
        answer: { status: 403, reason: 'Forbidden', headers: challenge('insufficient_scope') },
      },
    ],
  },
  ...['Bearer', 'Bearer x', 'Basic dXNlcjpwYXNzd29yZHVzZXI6cGFzc3dvcmR1c2VyOnBhc3N3b3Jk'].flatMap(
    (authorization, index) => [
      {
        id: `A-6.${index + 7}`,
        promise: `the header ${JSON.stringify(authorization)} is malformed: 400 invalid_request`,
        generations: MODERN,
        steps: [
          {
            ask: { query: 'match=$T', headers: { authorization } },
            answer: { status: 400, reason: 'Bad Request', headers: challenge('invalid_request') },
          },
        ],
      },
      {
        id: `A-6.${index + 10}`,
        promise: `the header ${JSON.stringify(authorization)} is 401 where only 0.x is spoken`,
        generations: ['0.x'] as const,
        steps: [{ ask: { query: 'topic=$T', headers: { authorization } }, answer: { status: 401 } }],
      },
    ],
  ),
  {
    id: 'A-6.13',
    promise: 'the scheme of the header may be in any case',
    generations: MODERN,
    steps: [
      {
        ask: { query: 'match=$T', headers: { authorization: `bEARER ${'x'.repeat(60)}` } },
        answer: { status: 401, headers: challenge('invalid_token') },
      },
    ],
  },
  {
    id: 'A-6.14',
    promise: 'two Authorization headers are malformed: 400',
    generations: MODERN,
    steps: [
      {
        ask: {
          query: 'match=$T',
          headers: { authorization: [`Bearer ${'x'.repeat(60)}`, `Bearer ${'x'.repeat(60)}`] },
        },
        answer: { status: 400, headers: challenge('invalid_request') },
      },
    ],
  },
  {
    id: 'B7-10',
    promise: 'where subscribers have no key and anybody may listen, their tokens are not looked at',
    generations: GENERATIONS,
    setup: 'mute',
    steps: [follow('$T', { headers: { authorization: `Bearer ${'x'.repeat(60)}` } })],
  },
  {
    id: 'B7-11',
    promise: 'the audience can be configured: then the hub says so in its challenge, and takes no other',
    generations: MODERN,
    setup: 'named',
    steps: [
      {
        publish: 'topic=$T',
        token: { publish: ['*'], claims: { aud: 'http://hub.test/.well-known/mercure' } },
        ask: { headers: { host: 'hub.test' } },
        answer: {
          status: 401,
          headers: {
            'www-authenticate':
              /resource_metadata="https:\/\/hub\.test\/\.well-known\/oauth-protected-resource\/\.well-known\/mercure"/,
          },
        },
      },
      { publish: 'topic=$T', token: { publish: ['*'] }, ask: { headers: { host: 'hub.test' } } },
    ],
  },
  {
    id: 'B7-12',
    promise: 'the audience is the URL of the request where none is configured',
    generations: MODERN,
    steps: [
      {
        publish: 'topic=$T',
        token: { publish: ['*'], claims: { aud: 'http://front.test/.well-known/mercure' } },
        ask: { headers: { host: 'front.test' } },
      },
      {
        publish: 'topic=$T',
        token: { publish: ['*'] },
        ask: { headers: { host: 'front.test' } },
        answer: { status: 401 },
      },
    ],
  },
];

function b64(text: string): string {
  return Buffer.from(text).toString('base64url');
}
