import { describe, expect, it } from 'vitest';
import { selectorMatcher } from '../../src/topic/selector.js';

describe('a topic selector of the 0.x protocol', () => {
  it.each([
    ['*', 'all'],
    ['https://example.com/books/1', 'exact'],
    ['https://example.com/books/{id}', 'template'],
    ['{+all}', 'template'],
    ['{', 'exact'],
    ['{}', 'exact'],
    ['a|b{x}', 'exact'],
    ['{"json":true}', 'exact'],
    ['https://example.com/*', 'exact'],
    ['https://example.com/:id', 'exact'],
    ['', 'exact'],
  ])('%s is %s', (value, type) => {
    expect(selectorMatcher(value)).toEqual({ type, pattern: value });
  });
});
