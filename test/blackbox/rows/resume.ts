import {
  GENERATIONS,
  LEGACY,
  MODERN,
  type Ask,
  type Generation,
  type Row,
  type Step,
} from '../support/row.js';
import { follow, hears, secret, update } from './steps.js';

const HISTORY: readonly Step[] = ['1', '2', '3', '4'].map((n) =>
  update('$T', `data ${n}`, ['id', '$U-' + n]),
);
const ALL_NAMES = ['last_event_id', 'lastEventID', 'Last-Event-ID', 'lastEventId'];

/** Where a cursor may be said; the first that is given counts. */
const PLACES: readonly [promise: string, generations: readonly Generation[], ask: Ask][] = [
  ['the header', GENERATIONS, { headers: { 'Last-Event-ID': '$U-2' } }],
  ['`last_event_id`', MODERN, { query: [['last_event_id', '$U-2']] }],
  ['`lastEventID`', LEGACY, { query: [['lastEventID', '$U-2']] }],
  ['`Last-Event-ID` in the query', LEGACY, { query: [['Last-Event-ID', '$U-2']] }],
  ['`lastEventId`', LEGACY, { query: [['lastEventId', '$U-2']] }],
  [
    'the header before any parameter',
    GENERATIONS,
    { headers: { 'Last-Event-ID': '$U-2' }, query: ALL_NAMES.map((name) => [name, '$U-1'] as const) },
  ],
  [
    'a parameter where the header is empty',
    MODERN,
    { headers: { 'Last-Event-ID': '' }, query: [['last_event_id', '$U-2']] },
  ],
  [
    '`last_event_id` before the older names',
    ['both'],
    { query: ALL_NAMES.map((name, index) => [name, index === 0 ? '$U-2' : '$U-1'] as const) },
  ],
  [
    '`lastEventID` before `Last-Event-ID`',
    LEGACY,
    {
      query: [
        ['Last-Event-ID', '$U-1'],
        ['lastEventID', '$U-2'],
      ],
    },
  ],
];

export const RESUME: readonly Row[] = [
  ...PLACES.map(([place, generations, ask], index) => ({
    id: `A-9.${index + 1}`,
    promise: `what was missed is sent, after the id in ${place}`,
    generations,
    steps: [
      ...HISTORY,
      follow('$T', ask),
      { reads: ':\nid: $U-3\ndata: data 3\n\nid: $U-4\ndata: data 4\n\n' },
    ],
  })),
  {
    id: 'A-9.10',
    promise: 'the answer says where the stream begins, in `Mercure-Last-Event-ID`',
    generations: GENERATIONS,
    steps: [
      ...HISTORY,
      {
        follow: { query: [['$M', '$T']], headers: { 'Last-Event-ID': '$U-2' } },
        answer: { status: 200, headers: { 'mercure-last-event-id': '$U-2' } },
      },
    ],
  },
  {
    id: 'A-9.11',
    promise: 'and in `Last-Event-ID` where 0.x is spoken',
    generations: LEGACY,
    steps: [
      ...HISTORY,
      {
        follow: { query: [['$M', '$T']], headers: { 'Last-Event-ID': '$U-2' } },
        answer: { status: 200, headers: { 'last-event-id': '$U-2' } },
      },
    ],
  },
  {
    id: 'A-9.12',
    promise: '`Last-Event-ID` is no answer of 1.0, nor are the older names its parameters',
    generations: ['1.0'],
    steps: [
      ...HISTORY,
      {
        follow: { query: 'match=$T&lastEventID=$U-2&Last-Event-ID=$U-2&lastEventId=$U-2' },
        answer: { status: 200, headers: { 'last-event-id': null, 'mercure-last-event-id': null } },
      },
      update('$T', 'live'),
      hears('live'),
    ],
  },
  {
    id: 'A-9.13',
    promise: '`earliest` is everything kept, in order',
    generations: GENERATIONS,
    steps: [
      ...HISTORY,
      {
        follow: { query: [['$M', '$T']], headers: { 'Last-Event-ID': 'earliest' } },
        answer: { status: 200, headers: { 'mercure-last-event-id': 'earliest' } },
      },
      hears('data 1', 'data 2', 'data 3', 'data 4'),
    ],
  },
  ...(
    [
      [MODERN, { query: 'match=$T&last_event_id=' }],
      [GENERATIONS, { query: [['$M', '$T']], headers: { 'Last-Event-ID': '' } }],
    ] as const
  ).map(([generations, ask], index) => ({
    id: `A-9.${14 + index}`,
    promise: `an empty cursor (${index === 0 ? 'parameter' : 'header'}) is answered too, and replays nothing`,
    generations,
    steps: [
      ...HISTORY,
      { follow: ask, answer: { status: 200, headers: { 'mercure-last-event-id': /./ } } },
      update('$T', 'live'),
      hears('live'),
    ],
  })),
  {
    id: 'A-9.16',
    promise: 'after the newest id nothing is replayed, and nothing is lost',
    generations: GENERATIONS,
    steps: [
      ...HISTORY,
      follow('$T', { headers: { 'Last-Event-ID': '$U-4' } }),
      update('$T', 'live'),
      hears('live'),
    ],
  },
  {
    id: 'A-9.17',
    promise: 'a cursor may be the id of an update of another topic',
    generations: GENERATIONS,
    steps: [
      update('$T/other', 'other', ['id', '$U-o']),
      update('$T', 'missed'),
      follow('$T', { headers: { 'Last-Event-ID': '$U-o' } }),
      hears('missed'),
    ],
  },
  {
    id: 'A-9.18',
    promise: 'an id used again stands for its first update: the later one is replayed',
    generations: GENERATIONS,
    steps: [
      update('$T', 'first', ['id', '$U']),
      update('$T', 'between'),
      update('$T', 'again', ['id', '$U']),
      follow('$T', { headers: { 'Last-Event-ID': '$U' } }),
      hears('between', 'again'),
    ],
  },
  {
    id: 'A-9.19',
    promise: 'what is replayed passes the authorization of now',
    generations: GENERATIONS,
    steps: [
      update('$T', 'start', ['id', '$U']),
      secret('$T', 'for friends'),
      update('$T', 'for all'),
      follow('$T', { headers: { 'Last-Event-ID': '$U' } }),
      hears('for all'),
      follow('$T', { headers: { 'Last-Event-ID': '$U' }, token: { subscribe: ['$T'] }, as: 'friend' }),
      { hears: ['for friends', 'for all'], on: 'friend' },
    ],
  },
  {
    id: 'A-10.1',
    promise: 'an id nobody knows is answered with `earliest`; nothing is replayed, and live updates go on',
    generations: GENERATIONS,
    steps: [
      ...HISTORY,
      {
        follow: { query: [['$M', '$T']], headers: { 'Last-Event-ID': '$U-unknown' } },
        answer: { status: 200, headers: { 'mercure-last-event-id': 'earliest' } },
      },
      update('$T', 'live'),
      { reads: /data: live\n\n/ },
      { lacks: 'data 4' },
    ],
  },
  {
    id: 'A-10.2',
    promise: 'the loss is the first event of the stream, with the newest public id',
    generations: GENERATIONS,
    steps: [
      update('$T', 'old', ['id', '$U-public']),
      secret('$T', 'old', ['id', '$U-private']),
      follow('$T', { headers: { 'Last-Event-ID': '$U-unknown' } }),
      {
        reads:
          ':\nevent: mercure\nid: $U-public\ndata: {"type":"gap","requested":"$U-unknown","reason":"unknown","last_event_id":"$U-public"}\n\n',
      },
    ],
  },
  {
    id: 'A-10.3',
    promise: 'no id of a private update is told to those who may not read it',
    generations: GENERATIONS,
    steps: [
      secret('$T', 'hidden', ['id', '$U-private']),
      {
        follow: { query: [['$M', '$T']], headers: { 'Last-Event-ID': '$U-unknown' } },
        answer: { status: 200, headers: { 'mercure-last-event-id': /^(?!.*private)/ } },
      },
      update('$T', 'live'),
      { reads: /data: live\n\n/ },
      { lacks: '$U-private' },
    ],
  },
  {
    id: 'A-21.1',
    promise: 'an id that is not ASCII is its UTF-8 bytes in headers, both ways',
    generations: GENERATIONS,
    steps: [
      update('$T', 'first', ['id', 'ü-漢-$U']),
      update('$T', 'second'),
      {
        follow: {
          query: [['$M', '$T']],
          headers: { 'Last-Event-ID': `${Buffer.from('ü-漢-').toString('latin1')}$U` },
        },
        answer: {
          status: 200,
          headers: { 'mercure-last-event-id': `${Buffer.from('ü-漢-').toString('latin1')}$U` },
        },
      },
      hears('second'),
    ],
  },
  {
    id: 'A-21.2',
    promise: 'a cursor of 513 bytes is 400, one of 512 is unknown',
    generations: GENERATIONS,
    steps: [
      follow('$T', { headers: { 'Last-Event-ID': 'x'.repeat(512) } }),
      {
        ask: { query: [['$M', '$T']], headers: { 'Last-Event-ID': 'x'.repeat(513) } },
        answer: { status: 400 },
      },
    ],
  },
  {
    id: 'A-21.3',
    promise: 'a cursor cannot put a header into the answer',
    generations: MODERN,
    steps: [
      {
        ask: { query: 'match=$T&last_event_id=x%0D%0AX-Injected:%201' },
        answer: { status: 400, headers: { 'x-injected': null } },
      },
    ],
  },
];
