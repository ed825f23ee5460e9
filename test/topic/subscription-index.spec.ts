import { describe, expect, it } from 'vitest';
import type { Matcher } from '../../src/topic/matcher.js';
import { IndexEntry, SubscriptionIndex, unitsOf } from '../../src/topic/subscription-index.js';
import { steps } from '../../src/topic/automaton/steps.js';
import { found, HUB, noise, patternsOf, pausing } from './support/matching.js';

const exact = (pattern: string): Matcher => ({ type: 'exact', pattern });
const urlPattern = (pattern: string): Matcher => ({ type: 'urlpattern', pattern });
const template = (pattern: string): Matcher => ({ type: 'template', pattern });
/** Many of them make a search pause: each has to read the whole of a topic of many `a`. */
const slow = (i: number): Matcher => urlPattern(`/*a*a*a*a*b${i}*`);
const all: Matcher = { type: 'all', pattern: '*' };

function indexOf(matchers: readonly Matcher[] = [], maxUnits = 0): SubscriptionIndex<string> {
  const index = new SubscriptionIndex<string>({ base: HUB, maxUnits });
  for (const matcher of matchers) index.acquire(matcher);
  return index;
}

/** The most steps that a search takes between two pauses. */
function longestSlice(index: SubscriptionIndex<string>, topic: string): number {
  const search = index.matching(topic);
  let longest = 0;
  for (let done = false; !done;) {
    const before = steps.count;
    done = search.next().done === true;
    longest = Math.max(longest, steps.count - before);
  }
  return longest;
}

describe('acquiring and releasing', () => {
  it('compiles a matcher once, however many ask for it', () => {
    const index = indexOf();
    expect(index.acquire(urlPattern('/:id'))).toBe(index.acquire(urlPattern('/:id')));
    expect(index.acquire(exact('/:id'))).not.toBe(index.acquire(urlPattern('/:id')));
    expect(index.acquire(template('/:id'))).not.toBe(index.acquire(urlPattern('/:id')));
  });

  it('keeps an entry until the last release', () => {
    const index = indexOf();
    const entry = index.acquire(urlPattern('/books/:id'));
    index.acquire(urlPattern('/books/:id'));
    index.release(entry);
    expect(found(index, '/books/1')).toEqual([entry]);
    index.release(entry);
    expect(found(index, '/books/1')).toEqual([]);
    expect(index.acquire(urlPattern('/books/:id'))).not.toBe(entry);
  });

  it.each([exact('/books/1'), urlPattern('/books/:id'), template('/books/{id}'), all])(
    'finds %o, and no longer once it is released',
    (matcher) => {
      const index = indexOf();
      const entry = index.acquire(matcher);
      expect(found(index, '/books/1')).toEqual([entry]);
      index.release(entry);
      expect(found(index, '/books/1')).toEqual([]);
    },
  );

  it.each(['all', 'urlpattern', 'template'] as const)('knows * of type %s as the one wildcard', (type) => {
    const index = indexOf();
    const entry = index.acquire(all);
    expect(index.acquire({ type, pattern: '*' })).toBe(entry);
    expect(found(index, 'urn:uuid:1')).toHaveLength(1);
    expect(index.units).toBe(0);
  });

  it('keeps nothing of a matcher it refuses', () => {
    const index = indexOf([], 1);
    expect(() => index.acquire(urlPattern('/{'))).toThrow(
      expect.objectContaining({ code: 'MATCHER_INVALID' }),
    );
    expect(index.units).toBe(0);
    expect(found(index, '/{')).toEqual([]);
  });

  it('lets each entry have its listeners and those it is granted to', () => {
    const index = indexOf();
    const entry = index.acquire(exact('/a'));
    entry.listeners.add('reader');
    entry.granted.add('member');
    expect([...found(index, '/a')[0]!.listeners]).toEqual(['reader']);
    expect([...found(index, '/a')[0]!.granted]).toEqual(['member']);
  });
});

describe('what the index finds', () => {
  const index = indexOf([
    all,
    exact('https://example.com/books/1'),
    exact('/books/1'),
    urlPattern('https://example.com/books/:id'),
    urlPattern('https://example.com/books/1'),
    urlPattern('https://example.com/:kind/1'),
    urlPattern('https://example.com/:kind/:id'),
    urlPattern('https://example.com/b*'),
    urlPattern('https://example.com/books{/:id}?'),
    urlPattern('https://example.com/books/1{.json}?'),
    urlPattern('*://*/books/:id'),
    urlPattern('http{s}?://example.com/books/1'),
    urlPattern('https://example.com:*/books/1'),
    urlPattern('/books/:id'),
    template('https://example.com/books/{id}'),
    template('https://example.com/boo{rest}/1'),
    template('{scheme}://{+rest}'),
    template('https://example.com/books/1'),
  ]);

  it('is every matcher that picks the topic, whatever it fixes of it', () => {
    expect(patternsOf(found(index, 'https://example.com/books/1'))).toEqual(
      [
        '*',
        '*://*/books/:id',
        'http{s}?://example.com/books/1',
        'https://example.com/:kind/1',
        'https://example.com/:kind/:id',
        'https://example.com/b*',
        'https://example.com/boo{rest}/1',
        'https://example.com/books/1',
        'https://example.com/books/1',
        'https://example.com/books/1',
        'https://example.com/books/1{.json}?',
        'https://example.com/books/:id',
        'https://example.com/books/{id}',
        'https://example.com/books{/:id}?',
        'https://example.com:*/books/1',
        '{scheme}://{+rest}',
      ].toSorted(),
    );
  });

  it('is resolved against the hub for URL Patterns only', () => {
    expect(patternsOf(found(index, '/books/1'))).toEqual(['*', '*://*/books/:id', '/books/1', '/books/:id']);
    expect(patternsOf(found(index, 'https://hub.example.com/books/1'))).toEqual([
      '*',
      '*://*/books/:id',
      '/books/:id',
      '{scheme}://{+rest}',
    ]);
  });

  it.each([
    ['https://example.com/:kind-x/1', 'https://example.com/a-x/1'],
    ['https://example.com/x-:kind/1', 'https://example.com/x-a/1'],
    ['https://example.com/:a:b/1', 'https://example.com/ab/1'],
    ['https://example.com/:a{-:b}?/1', 'https://example.com/a/1'],
    ['https://example.com/a{/b}?', 'https://example.com/a'],
    ['https://example.com/a/:b+', 'https://example.com/a/b/c'],
    ['https://example.com/a/:b*', 'https://example.com/a'],
    ['https://example.com/a/{:b}*', 'https://example.com/a/'],
    ['https://example.com/x{/a}?/b', 'https://example.com/x/b'],
    ['https://example.com/(a|b)/c', 'https://example.com/b/c'],
    ['https://example.com/1/2/3/4/5/6/7/8/9/:x', 'https://example.com/1/2/3/4/5/6/7/8/9/10'],
    ['https://example.com/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j', 'https://example.com/1/2/3/4/5/6/7/8/9/10'],
    ['https://example.com//a//:b', 'https://example.com//a//b'],
    ['https://example.com', 'https://example.com/a'],
    ['/a/../b/:c', '/b/c'],
    ['*', 'urn:uuid:1'],
  ])('is not missed where %s fixes less than it seems to', (pattern, topic) => {
    expect(found(indexOf([urlPattern(pattern)]), topic)).toHaveLength(1);
  });

  it('agrees with asking every matcher, when a path ends early or goes on', () => {
    for (const topic of [
      'https://example.com/books',
      'https://example.com/books/',
      'https://example.com/books/2/3',
      'https://example.com/books/1.json',
      'https://example.com/',
      'https://example.com:8443/books/1',
      'http://example.com/books/1',
      'urn:uuid:1',
      'https://[',
      '',
    ]) {
      expect(patternsOf(found(index, topic)), topic).toEqual(
        patternsOf(everyEntry(index).filter((entry) => asks(entry, topic))),
      );
    }
  });

  /** Found by the one topic that all of a kind are tested on, plus those it does not match. */
  function everyEntry(of: SubscriptionIndex<string>): readonly IndexEntry<string>[] {
    return [...new Set(TOPICS.flatMap((topic) => found(of, topic)))];
  }
  const TOPICS = ['https://example.com/books/1', '/books/1'];
  function asks(entry: IndexEntry<string>, topic: string): boolean {
    const other = indexOf([entry.compiled.matcher]);
    return found(other, topic).length > 0;
  }
});

describe('remembered answers', () => {
  it('learn of matchers acquired since', () => {
    const index = indexOf([urlPattern('/:a')]);
    expect(found(index, '/x')).toHaveLength(1);
    index.acquire(urlPattern('/x*'));
    index.acquire(template('/{x}'));
    index.acquire(urlPattern('/y*'));
    index.acquire(exact('/x'));
    expect(patternsOf(found(index, '/x'))).toEqual(['/:a', '/x', '/x*', '/{x}']);
    expect(patternsOf(found(index, '/x'))).toEqual(['/:a', '/x', '/x*', '/{x}']);
  });

  it('forget matchers released since', () => {
    const index = indexOf();
    const entry = index.acquire(urlPattern('/:a'));
    index.acquire(urlPattern('/x*'));
    expect(found(index, '/x')).toHaveLength(2);
    index.release(entry);
    expect(patternsOf(found(index, '/x'))).toEqual(['/x*']);
  });

  it('hold the new entry of a matcher that came back', () => {
    const index = indexOf();
    const first = index.acquire(urlPattern('/:a'));
    expect(found(index, '/x')).toEqual([first]);
    index.release(first);
    const second = index.acquire(urlPattern('/:a'));
    expect(found(index, '/x')).toEqual([second]);
  });

  it('stay right over thousands of changes', () => {
    const index = indexOf([urlPattern('/:a')]);
    const held: IndexEntry<string>[] = [];
    for (let i = 0; i < 2000; i++) {
      held.push(index.acquire(urlPattern(`/:a${i}`)));
      if (held.length > 3) index.release(held.shift()!);
      expect(found(index, i % 2 === 0 ? '/x' : `/${i}`)).toHaveLength(1 + held.length);
    }
  });

  it('spare asking again', () => {
    const index = indexOf(Array.from({ length: 500 }, (_, i) => urlPattern(`/*${i}*`)));
    const ask = (): number => {
      const before = steps.count;
      found(index, '/x1x');
      return steps.count - before;
    };
    expect(ask()).toBeGreaterThan(500);
    expect(ask()).toBe(0);
  });

  it('are handed out as copies', () => {
    const index = indexOf([urlPattern('/:a'), all]);
    const first = found(index, '/x');
    index.acquire(exact('/x'));
    expect(found(index, '/x')).toHaveLength(3);
    expect(first).toHaveLength(2);
  });
});

describe('the cost of a topic', () => {
  const asked = (index: SubscriptionIndex<string>, topic: string): number => {
    const before = steps.count;
    found(index, topic);
    return steps.count - before;
  };

  it.each<[string, (i: number) => Matcher, string]>([
    ['leading segments', (i) => urlPattern(`https://example.com/p${i}/:id`), 'https://example.com/p7/1'],
    [
      'segments after a name',
      (i) => urlPattern(`https://example.com/:t/i${i}/*`),
      'https://example.com/t/i7/a',
    ],
    ['origins', (i) => urlPattern(`https://h${i}.example.com/:id`), 'https://h7.example.com/1'],
    [
      'literals of templates',
      (i) => template(`https://example.com/books/${i}/{id}`),
      'https://example.com/books/7/1',
    ],
    ['exact values', (i) => exact(`https://example.com/${i}`), 'https://example.com/7'],
  ])('does not depend on how many differ in %s', (_, matcher, topic) => {
    const few = indexOf(Array.from({ length: 10 }, (_, i) => matcher(i)));
    const many = indexOf(Array.from({ length: 1000 }, (_, i) => matcher(i)));
    const cost = asked(few, topic);
    expect(asked(many, topic)).toBe(cost);
    expect(found(many, topic)).toHaveLength(1);
  });

  it('pauses when many must be asked, after about as much work each time', () => {
    const matchers = Array.from({ length: 2000 }, (_, i) => slow(i));
    const topic = `/${'a'.repeat(200)}`;
    expect(pausing(indexOf(matchers), topic).pauses).toBeGreaterThan(3);
    expect(longestSlice(indexOf(matchers), topic)).toBeLessThan(60_000);
  });

  it('pauses within a single pattern that takes long', () => {
    const index = indexOf([urlPattern('/((?:a|b)*a(?:a|b){60}c?)')]);
    const topic = `/${noise(8000)}`;
    expect(pausing(index, topic).pauses).toBeGreaterThan(3);
  });

  it('pauses as often when the URL of a topic is many times longer than the topic', () => {
    const index = indexOf([urlPattern('/((?:.|a)*8.{100}c?)')]);
    const topic = `/${noise(400).replaceAll('a', '書').replaceAll('b', '蘘')}`;
    expect(longestSlice(index, topic)).toBeLessThan(60_000);
  });

  it('does not ask any more what was released in a pause', () => {
    const index = indexOf();
    const entries = Array.from({ length: 2000 }, (_, i) => index.acquire(slow(i)));
    const search = index.matching(`/${'a'.repeat(200)}`);
    search.next();
    for (const entry of entries) index.release(entry);
    const before = steps.count;
    expect(search.next().done).toBe(true);
    expect(steps.count).toBe(before);
  });
});

describe('changes during a pause', () => {
  const topic = `/${'a'.repeat(200)}`;

  it('count: acquired entries are found, released ones are not', () => {
    const index = indexOf(Array.from({ length: 2000 }, (_, i) => slow(i)));
    const leaving = index.acquire(urlPattern('/:x'));
    const search = index.matching(topic);
    expect(search.next().done).toBe(false);
    index.release(leaving);
    const coming = index.acquire(urlPattern('/a*'));
    let step = search.next();
    while (step.done !== true) step = search.next();
    expect(step.value).toEqual([coming]);
    expect(found(index, topic)).toEqual([coming]);
  });

  it('count even when there are more of them than the index keeps count of', () => {
    const index = indexOf(Array.from({ length: 2000 }, (_, i) => slow(i)));
    const search = index.matching(topic);
    expect(search.next().done).toBe(false);
    const coming = Array.from({ length: 600 }, (_, i) => index.acquire(urlPattern(`/:n${i}`)));
    let step = search.next();
    while (step.done !== true) step = search.next();
    expect(new Set(step.value)).toEqual(new Set(coming));
    expect(found(index, topic)).toHaveLength(600);
  });

  it('do not matter to a search that is given up', () => {
    const index = indexOf(Array.from({ length: 2000 }, (_, i) => slow(i)));
    const search = index.matching(topic);
    search.next();
    search.return([]);
    expect(found(index, topic)).toEqual([]);
  });
});

describe('the budget of patterns', () => {
  it.each([
    [exact('https://example.com/a'), 0],
    [all, 0],
    [urlPattern('https://example.com/a'), 1],
    [urlPattern('https://example.com/:id'), 1],
    [template('https://example.com/{id}'), 1],
    [urlPattern(`/*${'a'.repeat(32)}*`), 1],
    [urlPattern(`/*${'a'.repeat(33)}*`), 2],
    [urlPattern(`/*${'a'.repeat(1000)}*`), 32],
  ])('counts %o as %d units', (matcher, units) => {
    const index = indexOf();
    expect(unitsOf(index.acquire(matcher))).toBe(units);
    expect(index.units).toBe(units);
  });

  it('refuses one pattern too many, and none that it has', () => {
    const index = indexOf([urlPattern('/:a'), urlPattern('/:b')], 2);
    expect(() => index.acquire(urlPattern('/:c'))).toThrow(
      expect.objectContaining({ code: 'TOO_MANY_PATTERNS', status: 429 }),
    );
    expect(index.acquire(urlPattern('/:a')).refs).toBe(2);
    index.acquire(exact('/c'));
    index.acquire(all);
    expect(index.units).toBe(2);
  });

  it('is given back with the last release', () => {
    const index = indexOf([], 1);
    for (let i = 0; i < 100; i++) {
      const entry = index.acquire(urlPattern(`/:a${i}`));
      expect(() => index.acquire(urlPattern('/:other'))).toThrow('too many');
      index.release(entry);
    }
    expect(index.units).toBe(0);
  });

  it('of 0 is unbounded', () => {
    const index = indexOf(
      Array.from({ length: 1000 }, (_, i) => urlPattern(`/:a/${i}`)),
      0,
    );
    expect(index.units).toBe(1000);
  });
});
