import { describe, expect, it } from 'vitest';
import { Authorizer } from '../../src/authorization/authorizer.js';
import type { Grants } from '../../src/authorization/grants.js';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import { mayPublish, mayReceive } from '../../src/authorization/may.js';
import { grantMissing } from '../../src/authorization/refusals.js';
import type { Matcher } from '../../src/topic/matcher.js';
import { ALL } from '../../src/topic/matcher.js';
import { HUB_URL, hubOptions, request } from './support/options.js';
import { legacyToken } from './support/tokens.js';

const hub = { hubUrl: new URL(HUB_URL) };
const exact = (pattern: string): Matcher => ({ type: 'exact', pattern });
const urlpattern = (pattern: string): Matcher => ({ type: 'urlpattern', pattern });
const template = (pattern: string): Matcher => ({ type: 'template', pattern });
const publishing = (...publish: Matcher[]): Grants => ({ ...NO_GRANTS, publish });
const receiving = (...subscribe: Matcher[]): Grants => ({ ...NO_GRANTS, subscribe });

const BOOK = 'https://hub.example.com/books/1';

describe('publishing', () => {
  it.each<[string, Grants, readonly string[]]>([
    ['every topic', publishing(ALL), [BOOK, 'anything', '']],
    ['an exact topic', publishing(exact(BOOK)), [BOOK]],
    ['all of several topics, each by a grant of its own', publishing(exact(BOOK), exact('b')), ['b', BOOK]],
    ['a relative pattern’s topics', publishing(urlpattern('/books/:id')), [BOOK, '/books/2']],
    [
      'a template’s topics, and its own text',
      publishing(template('/books/{id}')),
      ['/books/1', '/books/{id}'],
    ],
  ])('is granted for %s, private or not', (_, grants, topics) => {
    expect(mayPublish(grants, topics, false, hub)).toBe(true);
    expect(mayPublish(grants, topics, true, hub)).toBe(true);
  });

  it.each<[string, Grants, readonly string[]]>([
    ['nobody', NO_GRANTS, [BOOK]],
    ['who may only receive', receiving(ALL), [BOOK]],
    ['one topic, where two are sent', publishing(exact(BOOK)), [BOOK, 'b']],
    ['another case', publishing(exact(BOOK.toUpperCase())), [BOOK]],
    ['a topic that begins like it', publishing(exact('https://hub.example.com/books')), [BOOK]],
    ['its relative spelling, byte for byte another', publishing(exact('/books/1')), [BOOK]],
    ['a pattern of another host', publishing(urlpattern('https://other.example/books/:id')), [BOOK]],
    ['no topics at all', publishing(ALL), []],
  ])('is not granted to %s', (_, grants, topics) => {
    expect(mayPublish(grants, topics, false, hub)).toBe(false);
    expect(mayPublish(grants, topics, true, hub)).toBe(false);
  });

  it.each([
    ['an empty list', 'any', { publish: [] }, true, false],
    ['no list', 'any', { subscribe: ['*'] }, false, false],
    ['a list of other topics', 'any', { publish: ['other'] }, true, false],
    ['the topic', 'any', { publish: [BOOK] }, true, true],
    ['an empty list', 'granted', { publish: [] }, false, false],
    ['a list of other topics', 'granted', { publish: ['other'] }, false, false],
    ['the topic', 'granted', { publish: [BOOK] }, true, true],
  ] as const)(
    'with a 0.x token of %s, public updates "%s"',
    async (_, publicUpdates, claim, publicly, privately) => {
      const options = hubOptions({ publicUpdates });
      const grants = await new Authorizer(options).authenticate(
        request({ bearer: await legacyToken(claim) }),
        'publish',
      );
      expect(mayPublish(grants!, [BOOK], false, options)).toBe(publicly);
      expect(mayPublish(grants!, [BOOK], true, options)).toBe(privately);
    },
  );
});

describe('receiving a private update', () => {
  it('needs a grant for one of its topics, canonical or alternate', () => {
    expect(mayReceive(receiving(exact('b')), [BOOK, 'b'], hub)).toBe(true);
    expect(mayReceive(receiving(exact(BOOK)), [BOOK, 'b'], hub)).toBe(true);
    expect(mayReceive(receiving(exact('c')), [BOOK, 'b'], hub)).toBe(false);
    expect(mayReceive(publishing(ALL), [BOOK], hub)).toBe(false);
    expect(mayReceive(receiving(ALL), [], hub)).toBe(false);
  });

  it('is judged against the hub it is asked for', () => {
    const grants = receiving(urlpattern('/books/:id'));
    expect(mayReceive(grants, [BOOK], hub)).toBe(true);
    expect(mayReceive(grants, [BOOK], { hubUrl: new URL('https://other.example/hub') })).toBe(false);
    expect(mayReceive(grants, [BOOK], hub)).toBe(true);
  });
});

describe('a missing grant', () => {
  it('is 403 for 1.0, 401 as 0.x has it', () => {
    expect(grantMissing({ ...NO_GRANTS, generation: '1.0' })).toMatchObject({
      code: 'GRANT_MISSING',
      status: 403,
      message: 'Forbidden',
    });
    expect(grantMissing({ ...NO_GRANTS, generation: '0.x' })).toMatchObject({
      code: 'GRANT_MISSING',
      status: 401,
      message: 'Unauthorized',
    });
    expect(grantMissing(NO_GRANTS).status).toBe(403);
  });
});
