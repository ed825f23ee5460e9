import { expect } from 'vitest';
import { DETAIL, LEGACY, MODERN, type Row } from '../support/row.js';
import { update } from './steps.js';
import {
  ROOT,
  ENCODED,
  MINE,
  OLD,
  READER,
  OLD_READER,
  watch,
  watchOld,
  modern,
  legacy,
  begun,
  begunOld,
  get,
  detail,
} from './subscription-steps.js';

export const SUBSCRIPTIONS: readonly Row[] = [
  {
    id: 'B9-1',
    promise: 'a subscription is told as it begins, by an event of the hub',
    generations: MODERN,
    steps: [watch, modern, begun, { reads: /(^|\n)event: mercure\n/, on: 'watcher' }],
  },
  {
    id: 'B9-2',
    promise: 'and as it ends',
    generations: MODERN,
    steps: [
      watch,
      modern,
      begun,
      { leave: 'watched' },
      { tells: { id: '$doc', active: false }, on: 'watcher' },
    ],
  },
  {
    id: 'B9-3',
    promise: 'its id is its path, each part encoded once, and leads to the same document',
    generations: MODERN,
    steps: [
      watch,
      modern,
      begun,
      {
        ask: get('$doc', READER),
        answer: {
          status: 200,
          headers: {
            'content-type': /^application\/json/,
            link: /rel="?mercure"?.*last-event-id="[^"]+"/,
          },
          json: { id: '$doc', match: '$T', active: true },
        },
      },
      {
        ask: get(MINE, READER),
        answer: {
          status: 200,
          json: { id: MINE, type: 'subscriptions', subscriptions: [{ id: '$doc', match: '$T' }] },
        },
      },
    ],
  },
  {
    id: 'B9-4',
    promise: 'the subscriber that may read it hears of itself',
    generations: MODERN,
    steps: [
      {
        follow: {
          query: [
            ['match', '$T'],
            ['match_urlpattern', `${MINE}/:who`],
          ],
          token: { generation: '1.0', subscribe: ['*'] },
        },
        as: 'watcher',
      },
      begun,
    ],
  },
  {
    id: 'B9-5',
    promise: 'nobody else hears of it',
    generations: MODERN,
    steps: [
      { follow: { query: [['match', '*']] }, as: 'anybody' },
      watch,
      modern,
      begun,
      update('$T', 'end'),
      { reads: /data: end\n\n/, on: 'anybody' },
      { lacks: 'subscription', on: 'anybody' },
    ],
  },
  {
    id: 'B9-6',
    promise: 'several matchers of one stream are several subscriptions of one subscriber',
    generations: MODERN,
    steps: [
      {
        follow: {
          query: [
            ['match', '$T'],
            ['match_urlpattern', '$T/:x'],
          ],
        },
      },
      {
        ask: get(`${ROOT}/urlpattern/${ENCODED}%2F%3Ax`, READER),
        answer: {
          status: 200,
          json: { subscriptions: [{ match: '$T/:x', match_type: 'urlpattern', active: true }] },
        },
        keep: { who: /"subscriber": ?"([^"]+)"/ },
      },
      {
        ask: get(MINE, READER),
        answer: { status: 200, json: { subscriptions: [{ match: '$T', subscriber: '$who' }] } },
      },
    ],
  },
  {
    id: 'B9-7',
    promise: 'it has the payload of the first detail that covers it',
    generations: MODERN,
    steps: [
      {
        follow: {
          query: [
            ['match', '$T'],
            ['match', '$T/other'],
          ],
          token: {
            claims: {
              authorization_details: [
                detail('$T/x', { n: 1 }),
                detail('$T', { n: 2 }),
                detail('*', { n: 3 }),
              ],
            },
          },
        },
      },
      { ask: get(MINE, READER), answer: { status: 200, json: { subscriptions: [{ payload: { n: 2 } }] } } },
      {
        ask: get(`${MINE}%2Fother`, READER),
        answer: { status: 200, json: { subscriptions: [{ payload: { n: 3 } }] } },
      },
    ],
  },
  {
    id: 'B9-27',
    promise: 'a detail with a pattern covers the matchers it matches, as if they were topics',
    generations: MODERN,
    steps: [
      {
        follow: {
          query: [['match_urlpattern', '$T/:id']],
          token: {
            claims: {
              authorization_details: [
                {
                  type: DETAIL,
                  actions: ['subscribe'],
                  topics: [{ match: '$T/:x', match_type: 'urlpattern' }],
                  payload: { n: 1 },
                },
              ],
            },
          },
        },
      },
      {
        ask: get(`${ROOT}/urlpattern/${ENCODED}%2F%3Aid`, READER),
        answer: { status: 200, json: { subscriptions: [{ match: '$T/:id', payload: { n: 1 } }] } },
      },
    ],
  },
  {
    id: 'B9-8',
    promise: '0.x tells it in JSON-LD, indented, without an event type',
    generations: LEGACY,
    steps: [
      watchOld,
      legacy,
      begunOld,
      { reads: /\ndata: \{\ndata: {3}"@context"/, on: 'watcher' },
      { lacks: 'event:', on: 'watcher' },
      { leave: 'watched' },
      { tells: { id: '$doc', active: false }, on: 'watcher' },
    ],
  },
  {
    id: 'B9-9',
    promise: '0.x lists it by its topic and by itself',
    generations: LEGACY,
    steps: [
      watchOld,
      legacy,
      begunOld,
      {
        ask: get(OLD, OLD_READER),
        answer: {
          status: 200,
          headers: { 'content-type': /^application\/ld\+json/ },
          json: {
            '@context': 'https://mercure.rocks/',
            id: OLD,
            type: 'Subscriptions',
            lastEventID: expect.stringMatching(/./) as string,
            subscriptions: [{ id: '$doc', topic: '$T', active: true }],
          },
        },
      },
      {
        ask: get('$doc', OLD_READER),
        answer: {
          status: 200,
          headers: { 'content-type': /^application\/ld\+json/ },
          json: {
            '@context': 'https://mercure.rocks/',
            id: '$doc',
            topic: '$T',
            lastEventID: expect.stringMatching(/./) as string,
          },
        },
      },
    ],
  },
  {
    id: 'B9-10',
    promise: '0.x has the payload of the claim',
    generations: LEGACY,
    steps: [
      {
        follow: {
          query: [['topic', '$T']],
          token: { generation: '0.x', subscribe: [], payload: { user: 'me' } },
        },
      },
      {
        ask: get(OLD, OLD_READER),
        answer: { status: 200, json: { subscriptions: [{ payload: { user: 'me' } }] } },
      },
    ],
  },
];
