import { GENERATIONS, LEGACY, MODERN, type Generation, type Row } from '../support/row.js';

const LISTED = 'https://listed.test';
const NOTHING = {
  'access-control-allow-origin': null,
  'access-control-allow-credentials': null,
  'access-control-expose-headers': null,
};
const HEAD = { method: 'HEAD', query: [['$M', '$T']] as const };
const preflight = (origin: string, method = 'GET') => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,cache-control,last-event-id',
  },
});
const wrong = (method: string, path?: string) => ({
  ask: { method, ...(path === undefined ? undefined : { path }) },
});
const METADATA = '/.well-known/oauth-protected-resource/.well-known/mercure';

/** What browsers ask of a hub, and what is no hub at all. */
export const WEB: readonly Row[] = [
  ...[LISTED, 'https://a.apps.test'].map((origin, index) => ({
    id: `A-12.${index + 1}`,
    promise: `pages of ${origin}, which is listed, may read the hub with credentials`,
    generations: GENERATIONS,
    steps: [
      {
        ask: { ...HEAD, headers: { origin } },
        answer: {
          status: 200,
          headers: {
            'access-control-allow-origin': origin,
            'access-control-allow-credentials': 'true',
            vary: /origin/i,
          },
        },
      },
    ],
  })),
  ...(
    [
      ['Link', MODERN],
      ['Mercure-Last-Event-ID', GENERATIONS],
      ['Last-Event-ID', LEGACY],
    ] as readonly (readonly [string, readonly Generation[]])[]
  ).map(([header, generations], index) => ({
    id: `A-12.${index + 3}`,
    promise: `they may read the header ${header}`,
    generations,
    steps: [
      {
        ask: { ...HEAD, headers: { origin: LISTED } },
        answer: {
          status: 200,
          headers: { 'access-control-expose-headers': new RegExp(`(^|, *)${header}(,|$)`, 'i') },
        },
      },
    ],
  })),
  ...[
    'https://evil.test',
    'null',
    'https://listed.test.evil.test',
    'http://listed.test',
    'https://apps.test',
  ].map((origin, index) => ({
    id: `A-12.${index + 6}`,
    promise: `pages of ${origin} may not, and the answer says that it varies`,
    generations: GENERATIONS,
    steps: [
      {
        ask: { ...HEAD, headers: { origin } },
        answer: { status: 200, headers: { ...NOTHING, vary: /origin/i } },
      },
    ],
  })),
  {
    id: 'A-12.11',
    promise: 'pages of any origin may read a hub that lists *, never with credentials',
    generations: GENERATIONS,
    setup: 'mute',
    steps: [
      {
        ask: { ...HEAD, headers: { origin: 'https://any.test' } },
        answer: {
          status: 200,
          headers: { 'access-control-allow-origin': '*', 'access-control-allow-credentials': null },
        },
      },
    ],
  },
  {
    id: 'A-12.12',
    promise: 'refusals may be read by the page, too',
    generations: GENERATIONS,
    steps: [
      {
        ask: { headers: { origin: LISTED } },
        answer: { status: 400, headers: { 'access-control-allow-origin': LISTED } },
      },
      {
        publish: 'topic=$T',
        token: null,
        ask: { headers: { origin: LISTED } },
        answer: { status: 401, headers: { 'access-control-allow-origin': LISTED } },
      },
    ],
  },
  {
    id: 'B8-1',
    promise: 'a preflight is 204, with what was asked for and what it varies with',
    generations: GENERATIONS,
    steps: ['GET', 'POST'].map((method) => ({
      ask: preflight(LISTED, method),
      answer: {
        status: 204,
        body: '',
        headers: {
          'access-control-allow-origin': LISTED,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': new RegExp(method),
          'access-control-allow-headers': /^(?=.*authorization)(?=.*cache-control)(?=.*last-event-id)/i,
          vary: /^(?=.*Origin)(?=.*Access-Control-Request-Method)(?=.*Access-Control-Request-Headers)/i,
        },
      },
    })),
  },
  {
    id: 'B8-2',
    promise: 'one of another origin is 204 without any permission',
    generations: GENERATIONS,
    steps: [
      {
        ask: preflight('https://evil.test'),
        answer: { status: 204, headers: { ...NOTHING, 'access-control-allow-methods': null } },
      },
    ],
  },
  {
    id: 'B8-3',
    promise: 'where no origin is listed there are no preflights: 405, and no permission',
    generations: GENERATIONS,
    setup: 'closed',
    steps: [{ ask: preflight(LISTED), answer: { status: 405, headers: NOTHING } }],
  },
  {
    id: 'B1-1',
    promise: 'a path below the hub that is none is 404',
    generations: GENERATIONS,
    steps: ['/.well-known/mercure/', '/.well-known/mercure/x', '/.well-known/mercure//'].map((path) => ({
      ask: { path },
      answer: { status: 404, reason: '404 page not found' },
    })),
  },
  ...['/.well-known/%6Dercure', '/.Well-Known/Mercure'].map((path, index) => ({
    id: `B1-${2 + 2 * index}`,
    promise: `the path is compared as it was sent: ${path} is not the hub's`,
    generations: GENERATIONS,
    steps: [
      { ask: { path: `${path}?$M=$T` }, answer: { status: 404 } },
      { ask: { path: `${path}/subscriptions`, token: { subscribe: ['*'] } }, answer: { status: 404 } },
      { publish: 'topic=$T', ask: { path }, answer: { status: 404 } },
    ],
  })),
  {
    id: 'B1-3',
    promise: 'a method the hub does not have is 405',
    generations: GENERATIONS,
    steps: ['PUT', 'PATCH', 'DELETE'].map((method) => ({ ...wrong(method), answer: { status: 405 } })),
  },
  {
    id: 'B1-5',
    promise: 'QUERY is one of them where only 0.x is spoken',
    generations: ['0.x'],
    steps: [{ ...wrong('QUERY'), answer: { status: 405 } }],
  },
  {
    id: 'B1-6',
    promise: 'a path that only begins like the hub is not the hub',
    generations: GENERATIONS,
    steps: [{ ask: { path: '/.well-known/mercureX?$M=$T' }, answer: { status: 404 } }],
  },
  {
    id: 'A-16.1',
    promise: 'and the answer says which it has',
    generations: GENERATIONS,
    steps: [
      { ...wrong('PUT'), answer: { status: 405, headers: { allow: /^(?=.*GET)(?=.*HEAD)(?=.*POST)/ } } },
      {
        ...wrong('POST', '/.well-known/mercure/subscriptions'),
        answer: { status: 405, headers: { allow: 'GET' } },
      },
    ],
  },
  {
    id: 'A-16.2',
    promise: 'POST is not among them where nobody can publish',
    generations: GENERATIONS,
    setup: 'mute',
    steps: [{ ...wrong('POST'), answer: { status: 405, headers: { allow: /^(?!.*POST).*GET/ } } }],
  },
  {
    id: 'A-17.1',
    promise: 'a refusal says why on its first line, and what to do on the second',
    generations: GENERATIONS,
    steps: [
      { publish: 'data=x', answer: { status: 400, body: /^Missing "topic" parameter\n[^\n]+\n$/ } },
      { publish: 'topic=$T', token: null, answer: { status: 401, body: /^Unauthorized\n[^\n]+\n$/ } },
      {
        ask: { path: '/.well-known/mercure/x' },
        answer: { status: 404, body: /^404 page not found\n[^\n]+\n$/ },
      },
    ],
  },
  ...['a stream', 'a refusal', 'the answer to a publisher'].map((what, index) => ({
    id: `B2-${index + 1}`,
    promise: `${what} has the security headers`,
    generations: GENERATIONS,
    steps: [
      {
        ask: [
          HEAD,
          { path: '/.well-known/mercure/x' },
          {
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: 'topic=$T',
            token: { publish: ['*'] },
          },
        ][index]!,
        answer: {
          status: [200, 404, 200][index]!,
          headers: {
            'x-frame-options': 'DENY',
            'x-content-type-options': 'nosniff',
            'x-xss-protection': '1; mode=block',
            'content-security-policy': /^default-src 'self'/,
          },
        },
      },
    ],
  })),
  {
    id: 'B2-4',
    promise: 'a host that is none of the public URLs is 421',
    generations: MODERN,
    setup: 'named',
    steps: [
      { ask: { ...HEAD, method: 'HEAD', headers: { host: 'hub.test' } }, answer: { status: 200 } },
      {
        ask: { query: [['match', '$T']], headers: { host: 'elsewhere.test' } },
        answer: { status: 421, reason: 'Misdirected Request' },
      },
    ],
  },
  {
    id: 'B7-19',
    promise: 'the hub describes itself as a protected resource, and names its types of matchers',
    generations: MODERN,
    steps: [
      {
        ask: { path: METADATA },
        answer: {
          status: 200,
          headers: { 'content-type': /^application\/json/ },
          json: {
            resource: '$HUB',
            bearer_methods_supported: ['header'],
            authorization_details_types_supported: ['https://mercure.rocks/authorization-detail'],
            mercure_matcher_types_supported: ['exact', 'urlpattern'],
            mercure_cookie: '__Secure-mercure_access_token',
            mercure_subscriptions: true,
          },
        },
      },
      { ask: { path: METADATA, method: 'HEAD' }, answer: { status: 200, body: '' } },
    ],
  },
  {
    id: 'B7-20',
    promise: 'under the identifier it was given',
    generations: MODERN,
    setup: 'named',
    steps: [
      {
        ask: { path: METADATA, headers: { host: 'hub.test' } },
        answer: { status: 200, json: { resource: 'https://hub.test/.well-known/mercure' } },
      },
    ],
  },
  {
    id: 'B7-23',
    promise: 'with the name of its cookie, and without what it does not do',
    generations: MODERN,
    setup: 'closed',
    steps: [
      {
        ask: { path: METADATA },
        answer: { status: 200, json: { mercure_cookie: 'hub_token' }, body: /^(?!.*mercure_subscriptions)/s },
      },
    ],
  },
  {
    id: 'B7-21',
    promise: 'a hub without keys has nothing to describe',
    generations: GENERATIONS,
    setup: 'mute',
    steps: [{ ask: { path: METADATA }, answer: { status: 404 } }],
  },
  {
    id: 'B7-22',
    promise: 'a hub that speaks 0.x alone does not',
    generations: ['0.x'],
    steps: [{ ask: { path: METADATA }, answer: { status: 404 } }],
  },
];
