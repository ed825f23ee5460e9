import { GENERATIONS, LEGACY, MODERN, type Row } from '../support/row.js';
import {
  ROOT,
  ENCODED,
  MINE,
  OLD,
  WATCHER,
  READER,
  OLD_READER,
  watch,
  modern,
  begun,
  get,
} from './subscription-steps.js';

/** The list of subscriptions, and who may read it. */
export const SUBSCRIPTION_LISTS: readonly Row[] = [
  {
    id: 'B9-11',
    promise: 'the list has a link to the hub with the cursor to follow from',
    generations: MODERN,
    steps: [
      {
        ask: get(ROOT, READER),
        answer: {
          status: 200,
          headers: {
            'content-type': /^application\/json/,
            link: /rel="?mercure"?.*last-event-id="[^"]+".*type="mercure".*content-type="application\/json"/,
          },
          json: { id: ROOT, type: 'subscriptions' },
        },
        keep: { cursor: ['link', /last-event-id="([^"]+)"/] },
      },
      modern,
      {
        follow: {
          query: [
            ['match_urlpattern', `${MINE}/:who`],
            ['last_event_id', '$cursor'],
          ],
          token: WATCHER,
        },
        as: 'watcher',
      },
      begun,
    ],
  },
  {
    id: 'B9-12',
    promise: 'a list that did not change is not sent again',
    generations: MODERN,
    setup: 'named',
    steps: [
      {
        ask: get(ROOT, READER, { host: 'hub.test' }),
        answer: { status: 200, headers: { etag: /^"[^"]+"$/ } },
        keep: { etag: 'etag' },
      },
      {
        ask: get(ROOT, READER, { host: 'hub.test', 'if-none-match': '$etag' }),
        answer: { status: 304, body: '', headers: { etag: '$etag' } },
      },
      { publish: 'topic=$T', ask: { headers: { host: 'hub.test' } } },
      { ask: get(ROOT, READER, { host: 'hub.test', 'if-none-match': '$etag' }), answer: { status: 200 } },
    ],
  },
  {
    id: 'B9-24',
    promise: 'an id is quoted in its link and encoded in its tag, whatever it holds',
    generations: MODERN,
    setup: 'named',
    steps: [
      {
        publish: [
          ['topic', '$T'],
          ['id', 'a "b" 50% \\$U'],
        ],
        ask: { headers: { host: 'hub.test' } },
      },
      {
        ask: get(ROOT, READER, { host: 'hub.test' }),
        answer: {
          status: 200,
          headers: {
            etag: /^"a%20%22b%22%2050%25%20\\[0-9a-f]{12}"$/,
            link: /last-event-id="a \\"b\\" 50% \\\\[0-9a-f]{12}"/,
          },
        },
      },
    ],
  },
  {
    id: 'B9-25',
    promise: 'a matcher is encoded once as a whole, and found by that',
    generations: MODERN,
    steps: [
      { follow: { query: [['match', '$T/a b%2F?c=d&e+f']] } },
      {
        ask: get(`${MINE}%2Fa%20b%252F%3Fc%3Dd%26e%2Bf`, READER),
        answer: {
          status: 200,
          json: { subscriptions: [{ match: '$T/a b%2F?c=d&e+f' }] },
          body: /%2Fa%20b%252F%3Fc%3Dd%26e%2Bf\/urn%3Auuid%3A/,
        },
      },
    ],
  },
  {
    id: 'B9-26',
    promise: '0.x encodes it as a query does: + for a space',
    generations: LEGACY,
    steps: [
      { follow: { query: [['topic', '$T/a b']] } },
      {
        ask: get(`${OLD}%2Fa+b`, OLD_READER),
        answer: { status: 200, json: { subscriptions: [{ topic: '$T/a b' }] } },
      },
    ],
  },
  {
    id: 'B3-26',
    promise: 'the matchers of a stream stand in the order of their names',
    generations: MODERN,
    steps: [
      {
        follow: { query: [['match_urlpattern', `${ROOT}/:type/${ENCODED}/:who`]], token: READER },
        as: 'watcher',
      },
      {
        follow: {
          query: [
            ['match_urlpattern', '$T'],
            ['match', '$T'],
          ],
        },
      },
      { reads: /"urlpattern",?[^]*\n\n/, on: 'watcher' },
      { reads: /"exact",?[^]*"urlpattern"/, on: 'watcher' },
    ],
  },
  {
    id: 'B9-13',
    promise: 'where only 0.x is spoken its tag is the bare id',
    generations: ['0.x'],
    setup: 'named',
    steps: [
      {
        ask: get(ROOT, OLD_READER, { host: 'hub.test' }),
        answer: { status: 200, headers: { etag: /^[^"]+$/ } },
        keep: { etag: 'etag' },
      },
      {
        ask: get(ROOT, OLD_READER, { host: 'hub.test', 'if-none-match': '$etag' }),
        answer: { status: 304, body: '' },
      },
    ],
  },
  {
    id: 'A-25.1',
    promise: 'a list of nobody is an empty list, one subscription that is none is 404',
    generations: MODERN,
    steps: [
      { ask: get(MINE, READER), answer: { status: 200, json: { id: MINE, subscriptions: [] } } },
      { ask: get(`${MINE}/urn%3Auuid%3Anobody`, READER), answer: { status: 404 } },
    ],
  },
  {
    id: 'A-25.2',
    promise: 'and so in 0.x',
    generations: LEGACY,
    steps: [
      { ask: get(OLD, OLD_READER), answer: { status: 200, json: { id: OLD, subscriptions: [] } } },
      { ask: get(`${OLD}/urn%3Auuid%3Anobody`, OLD_READER), answer: { status: 404 } },
    ],
  },
  {
    id: 'A-11.1',
    promise: 'of a stream of both generations each subscription is told in its own form',
    generations: ['both'],
    steps: [
      {
        follow: {
          query: [
            ['topic', '$T'],
            ['match', '$T'],
          ],
        },
      },
      { ask: get(MINE, READER), answer: { status: 200, json: { subscriptions: [{ match_type: 'exact' }] } } },
      {
        ask: get(OLD, OLD_READER),
        answer: { status: 200, json: { subscriptions: [{ type: 'Subscription' }] } },
      },
    ],
  },
  {
    id: 'B9-14',
    promise: 'an unknown matcher type and a broken escape are 400',
    generations: MODERN,
    steps: [`${ROOT}/regexp/a/b`, `${ROOT}/exact/%zz`].map((path) => ({
      ask: get(path, READER),
      answer: { status: 400 },
    })),
  },
  {
    id: 'B9-15',
    promise: 'it takes a token, though anybody may listen: 401',
    generations: GENERATIONS,
    steps: [{ ask: get(ROOT), answer: { status: 401 } }],
  },
  {
    id: 'B9-16',
    promise: 'one of 1.0 that grants something else is 403',
    generations: MODERN,
    steps: [
      {
        ask: get(ROOT, { generation: '1.0', subscribe: ['$T'] }),
        answer: { status: 403, headers: { 'www-authenticate': /error="insufficient_scope"/ } },
      },
    ],
  },
  {
    id: 'B9-17',
    promise: 'one of 0.x that does is 401',
    generations: LEGACY,
    steps: [{ ask: get(ROOT, { generation: '0.x', subscribe: ['$T'] }), answer: { status: 401 } }],
  },
  {
    id: 'B9-18',
    promise: 'a 1.0 grant is for the path, without the query; for exact paths and patterns',
    generations: MODERN,
    steps: [
      { ask: get(`${ROOT}?x=1`, { generation: '1.0', subscribe: [ROOT] }), answer: { status: 200 } },
      { ask: get(MINE, { generation: '1.0', subscribe: [ROOT] }), answer: { status: 403 } },
      {
        ask: get(MINE, { generation: '1.0', subscribe: [{ match: `${ROOT}/*`, match_type: 'urlpattern' }] }),
        answer: { status: 200 },
      },
    ],
  },
  {
    id: 'B9-19',
    promise: 'a 0.x grant is for the path with the query',
    generations: LEGACY,
    steps: [
      { ask: get(`${ROOT}?x=1`, { generation: '0.x', subscribe: [ROOT] }), answer: { status: 401 } },
      { ask: get(`${ROOT}?x=1`, { generation: '0.x', subscribe: [`${ROOT}?x=1`] }), answer: { status: 200 } },
      {
        ask: get(OLD, { generation: '0.x', subscribe: [`${ROOT}{/topic}{/subscriber}`] }),
        answer: { status: 200 },
      },
    ],
  },
  {
    id: 'B9-20',
    promise: 'HEAD is 405',
    generations: GENERATIONS,
    steps: [{ ask: { ...get(ROOT, { subscribe: ['*'] }), method: 'HEAD' }, answer: { status: 405 } }],
  },
  {
    id: 'B9-21',
    promise: 'there is none where subscriptions are not told',
    generations: GENERATIONS,
    setup: 'closed',
    steps: [{ ask: get(ROOT, { subscribe: ['*'] }), answer: { status: 404 } }],
  },
  {
    id: 'B9-22',
    promise: 'it is open where subscribers have no key',
    generations: GENERATIONS,
    setup: 'mute',
    steps: [{ ask: get(ROOT), answer: { status: 200 } }],
  },
  {
    id: 'B9-23',
    promise: 'a subscription that is refused is told to nobody',
    generations: MODERN,
    steps: [
      watch,
      {
        ask: {
          query: [
            ['match', '$T'],
            ['match_urlpattern', 'https://['],
          ],
        },
        answer: { status: 400 },
      },
      modern,
      begun,
      { leave: 'watched' },
      { tells: { active: false }, on: 'watcher' },
      { lacks: /("active": ?true[^]*){2}/, on: 'watcher' },
    ],
  },
];
