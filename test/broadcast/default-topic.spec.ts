import { expect, it } from 'vitest';
import { resourceName } from '../../src/broadcast/default-topic.js';

it.each([
  ['Book', 'books'],
  ['Category', 'categories'],
  ['Day', 'days'],
  ['Box', 'boxes'],
  ['Address', 'addresses'],
  ['Branch', 'branches'],
  ['BookReview', 'book-reviews'],
  ['APIKey', 'api-keys'],
  ['Http2Session', 'http2-sessions'],
  ['book_review', 'book-reviews'],
  ['Person', 'persons'],
])('%s is found under /%s', (name, expected) => {
  expect(resourceName(name)).toBe(expected);
});
