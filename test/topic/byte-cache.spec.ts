import { describe, expect, it } from 'vitest';
import { ByteCache } from '../../src/topic/byte-cache.js';

describe('a cache bounded by bytes', () => {
  it('forgets what was not used for longest', () => {
    const cache = new ByteCache<number>(1000);
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, 1, 100);
    cache.get('a');
    cache.set('e', 1, 100);
    expect(cache.get('a')).toBe(1);
    expect(cache.get('b')).toBeUndefined();
  });

  it('never holds more than its bytes, however many texts it is shown', () => {
    const cache = new ByteCache<number>(100_000);
    for (let i = 0; i < 100_000; i++) {
      cache.set(`https://example.com/${i}`, i, i % 50);
      expect(cache.bytes).toBeLessThanOrEqual(100_000);
    }
    expect(cache.size).toBeGreaterThan(100);
    expect(cache.size).toBeLessThan(1000);
  });

  it('counts an entry once that is set again', () => {
    const cache = new ByteCache<number>(1000);
    for (let i = 0; i < 100; i++) cache.set('a', i, 10);
    expect(cache.get('a')).toBe(99);
    expect(cache.size).toBe(1);
    const { bytes } = cache;
    cache.set('a', 1, 10);
    expect(cache.bytes).toBe(bytes);
  });

  it('does not take what would push out everything else', () => {
    const cache = new ByteCache<number>(1000);
    cache.set('a', 1, 10);
    cache.set('b', 1, 5000);
    expect(cache.get('b')).toBeUndefined();
    expect(cache.get('a')).toBe(1);
  });

  it('counts nothing once it is cleared', () => {
    const cache = new ByteCache<number>(1000);
    cache.set('a', 1, 10);
    cache.clear();
    expect([cache.size, cache.bytes, cache.get('a')]).toEqual([0, 0, undefined]);
  });
});
