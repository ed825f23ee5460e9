import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createUpdate } from '../../src/update/create-update.js';
import { idGenerator, timeOfId } from '../../src/update/update-id.js';
import type { UpdateInput } from '../../src/update/update.js';

describe('an update made of what code says', () => {
  it('has one topic or several, a made id, and objects as JSON', () => {
    expect(createUpdate({ topic: 'a', data: { n: 1 } }, () => 'id')).toEqual({
      id: 'id',
      topics: ['a'],
      data: '{"n":1}',
      private: false,
    });
    expect(
      createUpdate({ topic: ['a', 'b'], id: 'x', type: 't', retry: 5, private: true }, () => 'id'),
    ).toEqual({
      id: 'x',
      topics: ['a', 'b'],
      data: '',
      private: true,
      type: 't',
      retry: 5,
    });
  });

  it('is not changed by what happens to the array it was made of', () => {
    const topic = ['a'];
    const update = createUpdate({ topic }, () => 'id');
    topic.push('b');
    expect(update.topics).toEqual(['a']);
  });

  it.each([
    ['an unknown field', { topics: ['a'] }, '"topics"', 'it is not one of topic, data, private'],
    ['a topic that is no string', { topic: 5 }, '"topic"', 'give a string or an array of them'],
    ['an id that is no string', { topic: 'a', id: 5 }, '"id"', 'give a string'],
    ['a private that is no boolean', { topic: 'a', private: 'no' }, '"private"', 'give a boolean'],
    ['data that does not serialise', { topic: 'a', data: { n: 1n } }, '"data"', 'it does not serialise'],
  ])('refuses %s by name, and says what to do', (_, input, field, remedy) => {
    expect(() => createUpdate(input as unknown as UpdateInput, () => 'id')).toThrow(
      `Invalid ${field} of an update: ${remedy}`,
    );
  });
});

describe('ids', () => {
  it('rise with time by default, in one process even within a millisecond', () => {
    const next = idGenerator('uuidv7');
    const ids = Array.from({ length: 1000 }, next);
    expect(ids).toEqual(ids.toSorted());
    expect(Math.abs(timeOfId(ids[0]!)! - Date.now())).toBeLessThan(60_000);
  });

  it('rise, each another, while the wall clock stands or goes back', () => {
    const next = idGenerator('uuidv7');
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const now = Date.now();
    const ids = [0, 0, -3_600_000, 0, 1].flatMap((shift) => {
      vi.setSystemTime(now + shift);
      return Array.from({ length: 10_000 }, next);
    });
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(ids.toSorted());
    // More than a millisecond holds are numbered into the next ones.
    expect(timeOfId(ids.at(-1)!)! - now).toBeLessThan(100);
    for (const id of ids)
      expect(id).toMatch(/^urn:uuid:[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it('tell no time when random', () => {
    expect(timeOfId(idGenerator('uuidv4')())).toBeUndefined();
  });
});
