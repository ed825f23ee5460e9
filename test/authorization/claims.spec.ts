import { describe, expect, it } from 'vitest';
import {
  MAX_DETAILS,
  MAX_TOPICS,
  readAuthorizationDetails,
} from '../../src/authorization/authorization-details.js';
import { MAX_SELECTORS, readMercureClaim } from '../../src/legacy/mercure-claim.js';
import { HUB_URL } from './support/options.js';
import { DEMO_CLAIM, detail } from './support/tokens.js';

const ALL = { type: 'all', pattern: '*' };
const exact = (pattern: string) => ({ type: 'exact', pattern });
const some = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ match: `https://example.com/${index}` }));
const read = (claim: unknown) => readAuthorizationDetails(claim, HUB_URL);

describe('the authorization details of 1.0', () => {
  it('say who may publish what, who may receive what, and with which payload', () => {
    const claim = [
      detail(['publish'], [{ match: 'a' }, { match: '/books/:id', match_type: 'urlpattern' }]),
      detail(['publish', 'subscribe'], [{ match: 'b', match_type: 'exact' }], { payload: { first: 1 } }),
      detail(['subscribe'], [{ match: '*' }], { payload: {} }),
      detail(['publish'], [{ match: 'c' }], { payload: { nobody: 'subscribes' } }),
    ];
    expect(read(claim)).toEqual({
      publish: [exact('a'), { type: 'urlpattern', pattern: '/books/:id' }, exact('b'), exact('c')],
      subscribe: [exact('b'), ALL],
      payloads: [
        { topics: [exact('b')], payload: { first: 1 } },
        { topics: [ALL], payload: {} },
      ],
    });
  });

  it.each([undefined, 'exact', 'urlpattern'])(
    'take `*` for every topic before they look at the type (%s)',
    (match_type) => {
      const topic = match_type === undefined ? { match: '*' } : { match: '*', match_type };
      expect(read([detail(['subscribe'], [topic])]).subscribe).toEqual([ALL]);
    },
  );

  it('take braces and colons of exact topics for what they are', () => {
    expect(read([detail(['publish'], [{ match: '/{id}/:id' }])]).publish).toEqual([exact('/{id}/:id')]);
  });

  it.each([
    ['none', []],
    ['absent', undefined],
    ['with unknown actions only', [detail(['delete', 'Publish', 'SUBSCRIBE'], [{ match: 'a' }])]],
    [
      'of other types, whatever their shape',
      [
        null,
        7,
        'x',
        [],
        {},
        { type: 'payment', actions: 1 },
        { type: ['https://mercure.rocks/authorization-detail'] },
      ],
    ],
  ])('grant nothing where they are %s', (_, claim) => {
    expect(read(claim)).toEqual({ publish: [], subscribe: [], payloads: [] });
  });

  it('grant what is known beside actions that are unknown', () => {
    expect(read([detail(['watch', 'publish'], [{ match: 'a' }])])).toMatchObject({
      publish: [exact('a')],
      subscribe: [],
    });
  });

  it.each<[string, unknown]>([
    ['actions missing', detail(undefined, [{ match: 'a' }])],
    ['actions empty', detail([], [{ match: 'a' }])],
    ['actions as text', detail('publish', [{ match: 'a' }])],
    ['an action that is no string', detail(['publish', 1], [{ match: 'a' }])],
    ['topics missing', detail(['publish'], undefined)],
    ['topics empty', detail(['publish'], [])],
    ['topics as object', detail(['publish'], { match: 'a' })],
    ['a topic as text', detail(['publish'], ['a'])],
    ['a topic as list', detail(['publish'], [['a']])],
    ['a topic null', detail(['publish'], [null])],
    ['match missing', detail(['publish'], [{ match_type: 'exact' }])],
    ['match null', detail(['publish'], [{ match: null }])],
    ['match empty', detail(['publish'], [{ match: '' }])],
    ['an empty pattern', detail(['publish'], [{ match: '', match_type: 'urlpattern' }])],
    ['match as number', detail(['publish'], [{ match: 1 }])],
    ['an unknown type', detail(['publish'], [{ match: 'a', match_type: 'regexp' }])],
    ['an unknown type of `*`', detail(['publish'], [{ match: '*', match_type: 'regexp' }])],
    ['a type in capitals', detail(['publish'], [{ match: 'a', match_type: 'Exact' }])],
    ['the type of 0.x', detail(['publish'], [{ match: 'a', match_type: 'template' }])],
    ['the type null', detail(['publish'], [{ match: 'a', match_type: null }])],
    [
      'an invalid pattern',
      detail(['publish'], [{ match: 'https://example.com/:', match_type: 'urlpattern' }]),
    ],
    [
      'a pattern of 2,049 characters',
      detail(['publish'], [{ match: `/${'a'.repeat(2048)}`, match_type: 'urlpattern' }]),
    ],
    ['a topic of 4,097 bytes', detail(['publish'], [{ match: 'é'.repeat(2049) }])],
    ['NUL', detail(['publish'], [{ match: 'a\0b' }])],
    ['a line feed', detail(['publish'], [{ match: 'a\nb' }])],
    ['DEL', detail(['publish'], [{ match: 'a\u007fb' }])],
    ['a C1 control', detail(['publish'], [{ match: 'a\u0085b' }])],
    ['a format character', detail(['publish'], [{ match: 'a\u200bb' }])],
    ['half a surrogate pair', detail(['publish'], [{ match: 'a\ud800b' }])],
    ['a payload that is no object', detail(['subscribe'], [{ match: 'a' }], { payload: 'text' })],
    ['a payload that is a list', detail(['subscribe'], [{ match: 'a' }], { payload: [] })],
    ['a payload that is null', detail(['subscribe'], [{ match: 'a' }], { payload: null })],
  ])('reject the whole token for one with %s', (_, bad) => {
    expect(() => read([detail(['publish', 'subscribe'], [{ match: '*' }]), bad])).toThrow();
  });

  it.each([null, {}, 'x', 1, true])('reject the token where they are no array (%j)', (claim) => {
    expect(() => read(claim)).toThrow('authorization_details');
  });

  it('are at most a hundred, with a hundred topics in all; those of other types are not counted', () => {
    const others = Array.from({ length: 200 }, () => ({ type: 'other' }));
    const many = (count: number) =>
      Array.from({ length: count }, () => detail(['publish'], [{ match: 'a' }]));
    expect(read([...others, ...many(MAX_DETAILS)]).publish).toHaveLength(100);
    expect(() => read(many(MAX_DETAILS + 1))).toThrow('too many');
    expect(read([detail(['publish'], some(60)), detail(['publish'], some(40))]).publish).toHaveLength(
      MAX_TOPICS,
    );
    expect(() => read([detail(['publish'], some(60)), detail(['publish'], some(41))])).toThrow('too many');
  });
});

describe('the mercure claim of 0.x', () => {
  const claim = (claims: Record<string, unknown>, publicUpdates: 'granted' | 'any' = 'granted') =>
    readMercureClaim(claims, HUB_URL, publicUpdates);

  it('holds selectors: exact topics, URI Templates by their braces, and `*`', () => {
    expect(
      claim({ mercure: { publish: ['*', 'a', '/books/{id}', '{', ':id'], subscribe: [] } }),
    ).toMatchObject({
      publish: [ALL, exact('a'), { type: 'template', pattern: '/books/{id}' }, exact('{'), exact(':id')],
      subscribe: [],
      payloads: [],
    });
  });

  it.each<[string, unknown]>([
    ['an object', { user: 1 }],
    ['a text', 'x'],
    ['false', false],
    ['a list', [1]],
  ])('has a payload for every subscription: %s', (_, payload) => {
    expect(claim({ mercure: { payload } }).payloads).toEqual([{ topics: [ALL], payload }]);
  });

  it('is overridden by the one under the collision-resistant name, as a whole', () => {
    const both = { mercure: DEMO_CLAIM, 'https://mercure.rocks/': { publish: ['a'] } };
    expect(claim(both)).toMatchObject({ publish: [exact('a')], subscribe: [], payloads: [] });
    expect(claim({ ...both, 'https://mercure.rocks/': null }).publish).toEqual([ALL]);
  });

  it.each([
    {},
    { mercure: null },
    { mercure: {} },
    { mercure: { publish: null, subscribe: null, payload: null } },
  ])('grants nothing where it says nothing: %j', (claims) => {
    expect(claim(claims, 'any')).toEqual({
      publish: [],
      publishAnyPublic: false,
      subscribe: [],
      payloads: [],
    });
  });

  it('lets a list, even an empty one, publish every public update under the oldest rule, and only then', () => {
    expect(claim({ mercure: { publish: [] } }, 'any').publishAnyPublic).toBe(true);
    expect(claim({ mercure: { publish: [] } }).publishAnyPublic).toBe(false);
    expect(claim({ mercure: { subscribe: ['*'] } }, 'any').publishAnyPublic).toBe(false);
  });

  it.each<[string, unknown]>([
    ['text', 'publish'],
    ['a list', []],
    ['true', true],
    ['0', 0],
    ['a list as text', { publish: '*' }],
    ['a list as object', { subscribe: { 0: '*' } }],
    ['a selector that is no string', { publish: ['*', 1] }],
    ['a selector of 1.0', { subscribe: [{ match: '*' }] }],
    ['a selector with NUL', { subscribe: ['a\0'] }],
    ['a selector of 4,097 bytes', { subscribe: ['a'.repeat(4097)] }],
    ['a template of 2,049 characters', { subscribe: [`{id}${'a'.repeat(2045)}`] }],
    ['too many selectors', { publish: Array.from({ length: MAX_SELECTORS + 1 }, () => 'a') }],
  ])('rejects the token where it is, or has, %s', (_, mercure) => {
    expect(() => claim({ mercure })).toThrow();
  });

  it('has at most a thousand selectors per list', () => {
    const full = Array.from({ length: MAX_SELECTORS }, (_, index) => `${index}`);
    expect(claim({ mercure: { publish: full, subscribe: full } }).publish).toHaveLength(1000);
  });
});
