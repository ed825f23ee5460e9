import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matcher } from '../../src/topic/matcher.js';
import { type IndexEntry, SubscriptionIndex } from '../../src/topic/subscription-index.js';
import { Topic } from '../../src/topic/topic.js';
import { HUB, noise } from '../topic/support/matching.js';

// A failure prints the seed and the path that reproduce it: fc.assert(…, { seed, path }).

const TOPIC = `/${noise(2000)}`;
const asked = new Topic(TOPIC, HUB);

/** Long enough to read that every search pauses a few times; whether they match depends on the last letters. */
const slow = fc
  .nat({ max: 3 })
  .map((i): Matcher => ({ type: 'urlpattern', pattern: `/((?:a|b)*a(?:a|b){${57 + i}}c?)` }));
const quick = fc.constantFrom<Matcher>(
  { type: 'urlpattern', pattern: '/:x' },
  { type: 'urlpattern', pattern: '/a*' },
  { type: 'urlpattern', pattern: '/b*' },
  { type: 'urlpattern', pattern: '/{:x}?/:y?' },
  { type: 'template', pattern: '/{x}' },
  { type: 'template', pattern: '/c{x}' },
  { type: 'exact', pattern: TOPIC },
  { type: 'exact', pattern: '/a' },
  { type: 'all', pattern: '*' },
);
const change = fc.oneof(
  fc.record({ acquire: fc.oneof(quick, slow) }),
  fc.record({ release: fc.nat() }),
  fc.record({ search: fc.constant(true) }),
);

describe('the index, while searches pause', () => {
  it('finds what is held when a search ends, whatever came and went and whoever searched meanwhile', () => {
    let pauses = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(quick, slow), { minLength: 1, maxLength: 5 }),
        fc.array(change, { maxLength: 20 }),
        fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 10 }),
        (first, changes, turns) => {
          const index = new SubscriptionIndex<string>({ base: HUB, maxUnits: 0 });
          const held: IndexEntry<string>[] = [];
          const searches: ReturnType<typeof index.matching>[] = [];
          for (const matcher of first) held.push(index.acquire(matcher));
          searches.push(index.matching(TOPIC));
          const apply = (next: (typeof changes)[number]): void => {
            if ('acquire' in next) held.push(index.acquire(next.acquire));
            else if ('search' in next) searches.push(index.matching(TOPIC));
            else if (held.length > 0) index.release(held.splice(next.release % held.length, 1)[0]!);
          };
          const pending = changes.values();
          for (let turn = 0; searches.length > 0; turn++) {
            const at = turns[turn % turns.length]! % searches.length;
            const step = searches[at]!.next();
            if (step.done === true) {
              const expected = new Set(held.filter((entry) => entry.compiled.matches(asked)));
              expect(new Set(step.value)).toEqual(expected);
              expect(step.value).toHaveLength(expected.size);
              searches.splice(at, 1);
            } else pauses += 1;
            const next = pending.next();
            if (next.done !== true) apply(next.value);
          }
        },
      ),
      { numRuns: 40 },
    );
    expect(pauses).toBeGreaterThan(40);
  });
});
