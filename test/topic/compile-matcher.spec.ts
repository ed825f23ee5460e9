import { describe, expect, it } from 'vitest';
import { compileMatcher } from '../../src/topic/compile-matcher.js';
import { ALL, type MatcherType } from '../../src/topic/matcher.js';
import { Topic } from '../../src/topic/topic.js';
import { cost, HUB, matches } from './support/matching.js';

describe('exact matchers', () => {
  it.each([
    ['https://example.com/1', 'https://example.com/1', true],
    ['https://example.com/1', 'https://example.com:443/1', false],
    ['https://example.com/1', 'HTTPS://example.com/1', false],
    ['https://example.com/é', 'https://example.com/%C3%A9', false],
    ['/1', 'https://hub.example.com/1', false],
    ['\xe9', 'e\u0301', false],
    ['{id}', '{id}', true],
    ['*', '*', true],
    ['*', 'anything', false],
  ])('compare byte for byte: %s against %s is %s', (pattern, topic, expected) => {
    expect(matches('exact', pattern, topic)).toBe(expected);
  });

  it('hold no positions', () => {
    expect(compileMatcher({ type: 'exact', pattern: 'https://example.com/1' }, HUB).positions).toBe(0);
  });
});

describe('the wildcard', () => {
  it.each<MatcherType>(['all', 'urlpattern', 'template'])('goes before the type %s', (type) => {
    const compiled = compileMatcher({ type, pattern: '*' }, HUB);
    expect(compiled.matcher).toBe(ALL);
    expect(compiled.positions).toBe(0);
    expect(compiled.matches(new Topic('urn:uuid:1', HUB))).toBe(true);
    expect(compiled.matches(new Topic('https://[', HUB))).toBe(true);
  });
});

describe('limits of matchers', () => {
  const refusal = (type: MatcherType, pattern: string) => (): unknown =>
    compileMatcher({ type, pattern }, HUB);
  const tooLong = (message: string): unknown =>
    expect.objectContaining({ code: 'MATCHER_INVALID', status: 400, message });

  it('let exact values have 4,096 bytes', () => {
    expect(refusal('exact', 'a'.repeat(4096))).not.toThrow();
    expect(refusal('exact', 'a'.repeat(4097))).toThrow(tooLong('pattern too long (max 4096 bytes)'));
    expect(refusal('exact', 'é'.repeat(2048))).not.toThrow();
    expect(refusal('exact', 'é'.repeat(2049))).toThrow(tooLong('pattern too long (max 4096 bytes)'));
  });

  it.each<MatcherType>(['urlpattern', 'template'])('let a %s have 2,048 characters', (type) => {
    expect(refusal(type, '/a'.repeat(1024))).not.toThrow();
    expect(refusal(type, '/a'.repeat(1024) + '/')).toThrow(tooLong('pattern too long (max 2048 characters)'));
  });

  it.each([
    ['a NUL', '\0'],
    ['a line feed', '\n'],
    ['an escape character', '\x1b'],
    ['DEL', '\x7f'],
    ['a C1 control', '\x85'],
    ['a soft hyphen', '\xad'],
    ['a zero-width joiner', '\u200d'],
    ['a right-to-left override', '\u202e'],
    ['a byte order mark', '\ufeff'],
    ['a tag character', '\u{e0041}'],
    ['half a surrogate pair', '\ud83d'],
  ])('keep out %s, whatever the type', (_, character) => {
    for (const type of ['exact', 'urlpattern', 'template'] as const) {
      expect(refusal(type, `/a${character}b`)).toThrow(
        expect.objectContaining({
          code: 'MATCHER_INVALID',
          status: 400,
          message: 'topic matcher values must be valid UTF-8 without control characters',
        }),
      );
    }
  });

  it('let every other character in', () => {
    expect(refusal('exact', 'a b é 日本 😀 \u2028')).not.toThrow();
  });

  it('refuse templates that are none, and say where templates are defined', () => {
    expect(refusal('template', '{')).toThrow(
      expect.objectContaining({
        code: 'MATCHER_INVALID',
        status: 400,
        message: 'invalid topic matcher template',
        remedy: expect.stringContaining('RFC 6570'),
      }),
    );
  });

  it('never quote the pattern', () => {
    const secret = 's3cr3t';
    for (const pattern of [`/${secret}{`, `/(${secret}`, `/${secret}(?=x)`, `https://${secret} /`]) {
      expect(refusal('urlpattern', pattern)).toThrow(
        expect.objectContaining({
          message: expect.not.stringContaining(secret),
          remedy: expect.not.stringContaining(secret),
        }),
      );
    }
  });
});

describe('positions', () => {
  it.each<[MatcherType, string, number]>([
    ['urlpattern', 'https://example.com/books/1', 0],
    ['urlpattern', 'https://example.com/books/:id', 1],
    ['urlpattern', 'https://example.com/:a/x/:b', 5],
    ['template', 'https://example.com/books/1', 0],
    ['template', 'https://example.com/books/{id}', 7],
  ])('of %s %s are %d: fixed text at either end costs none', (type, pattern, positions) => {
    expect(compileMatcher({ type, pattern }, HUB).positions).toBe(positions);
  });
});

describe('a verdict in slices', () => {
  const topic = `/${'ab'.repeat(4000)}`;

  it.each<[MatcherType, string]>([
    ['urlpattern', `/*${'ab'.repeat(900)}c*`],
    ['urlpattern', `/*${'ab'.repeat(900)}*`],
    ['urlpattern', '/((?:a|b)*a(?:a|b){60})*'],
    ['urlpattern', '/((?:a|b)*a(?:a|b){60})*c'],
    ['template', '/{+a}ab{+b}ba{+c}'],
  ])('is the same: %s %s', (type, pattern) => {
    const compiled = compileMatcher({ type, pattern }, HUB);
    const asked = new Topic(topic, HUB);
    for (const budget of [1, 1000, Infinity]) {
      const verdict = compiled.test(asked, budget);
      let step = verdict.next();
      while (step.done !== true) step = verdict.next();
      expect(step.value).toBe(compiled.matches(asked));
    }
  });

  it("knows the topic of a template's very own text, too", () => {
    const compiled = compileMatcher({ type: 'template', pattern: '/books/{id}' }, HUB);
    expect(compiled.test(new Topic('/books/{id}', HUB), 1).next()).toEqual({ done: true, value: true });
  });

  it('stops about when its budget is spent', () => {
    const pattern = '/((?:a|b)*a(?:a|b){60})*';
    const whole = cost('urlpattern', pattern, topic).steps;
    const slices = compileMatcher({ type: 'urlpattern', pattern }, HUB).test(new Topic(topic, HUB), 1000);
    let pauses = 0;
    while (slices.next().done !== true) pauses += 1;
    expect(pauses).toBeGreaterThan(whole / 1000 / 2);
  });
});
