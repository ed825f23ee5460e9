import { MODERN, type Row } from '../support/row.js';
import { hears, update } from './steps.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const QUERY = { method: 'QUERY', headers: FORM };
const TOKEN = { token: { subscribe: ['*'] } };

/** Subscribing with QUERY, where the list of matchers is too long for a URL. */
export const QUERIES: readonly Row[] = [
  {
    id: 'B3-20',
    promise: 'QUERY follows what its body says',
    generations: MODERN,
    steps: [
      { follow: { ...QUERY, body: 'match=$T/a&match_urlpattern=$T/b/:id' } },
      update('$T', 'no'),
      update('$T/a', 'a'),
      update('$T/b/1', 'b'),
      hears('a', 'b'),
    ],
  },
  {
    id: 'B3-21',
    promise: 'and what its URL says as well',
    generations: MODERN,
    steps: [
      { follow: { ...QUERY, query: 'match=$T/url', body: 'match=$T/body' } },
      update('$T/body', 'body'),
      update('$T/url', 'url'),
      hears('body', 'url'),
    ],
  },
  {
    id: 'B3-22',
    promise: 'a cursor in the URL goes before one in the body',
    generations: MODERN,
    steps: [
      update('$T', '1', ['id', '$U-1']),
      update('$T', '2', ['id', '$U-2']),
      update('$T', '3', ['id', '$U-3']),
      { follow: { ...QUERY, query: 'last_event_id=$U-2', body: 'match=$T&last_event_id=$U-1' } },
      hears('3'),
    ],
  },
  {
    id: 'B3-23',
    promise: 'a body over the limit is 413',
    generations: MODERN,
    setup: 'closed',
    steps: [{ ask: { ...QUERY, ...TOKEN, body: `match=${'a'.repeat(1024)}` }, answer: { status: 413 } }],
  },
  {
    id: 'B3-24',
    promise: 'a body that cannot be parsed is 400',
    generations: MODERN,
    steps: [{ ask: { ...QUERY, body: 'match=a&x=%zz' }, answer: { status: 400 } }],
  },
  {
    id: 'B3-25',
    promise: 'what begins with match is reserved in the body, too',
    generations: MODERN,
    steps: [
      {
        ask: { ...QUERY, query: 'match=a', body: 'MATCH=b' },
        answer: { status: 400, reason: 'unknown topic matcher query parameter: "MATCH"' },
      },
    ],
  },
];
