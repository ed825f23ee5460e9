import { GENERATIONS, type Row } from '../support/row.js';
import { follow, hears, update } from './steps.js';

const CACHE = 'private, no-cache, no-store, must-revalidate, max-age=0';

export const STREAM: readonly Row[] = [
  {
    id: 'B4-1',
    promise: 'a stream is an event stream that every cache and proxy leaves alone',
    generations: GENERATIONS,
    steps: [
      {
        follow: { query: [['$M', '$T']], headers: { connection: 'keep-alive' } },
        answer: {
          status: 200,
          headers: {
            'content-type': 'text/event-stream',
            'cache-control': new RegExp(`^${CACHE}`),
            connection: 'keep-alive',
            pragma: 'no-cache',
            expire: '0',
            'x-accel-buffering': 'no',
            'content-length': null,
          },
        },
      },
    ],
  },
  {
    id: 'A-20.1',
    promise: 'and that nothing may transform it',
    generations: GENERATIONS,
    steps: [
      {
        follow: { query: [['$M', '$T']] },
        answer: { status: 200, headers: { 'cache-control': `${CACHE}, no-transform` } },
      },
    ],
  },
  {
    id: 'B4-2',
    promise: 'it says nothing it was not asked for: no link, no cursor',
    generations: GENERATIONS,
    steps: [
      {
        follow: { query: [['$M', '$T']] },
        answer: {
          status: 200,
          headers: { link: null, 'mercure-last-event-id': null, 'last-event-id': null },
        },
      },
    ],
  },
  {
    id: 'B4-3',
    promise: 'it begins with a comment at once, and an event is its id and its data',
    generations: GENERATIONS,
    steps: [
      follow('$T'),
      { reads: ':\n' },
      update('$T', 'Hello World', ['id', '$U']),
      { reads: ':\nid: $U\ndata: Hello World\n\n' },
    ],
  },
  {
    id: 'B4-4',
    promise: 'type, retry, id, data come in this order, and each line break begins a line of data',
    generations: GENERATIONS,
    steps: [
      follow('$T'),
      update('$T', 'several\nlines\r\nwith\reol', ['id', '$U'], ['type', 'book added'], ['retry', '5']),
      {
        reads:
          ':\nevent: book added\nretry: 5\nid: $U\ndata: several\ndata: lines\ndata: with\ndata: eol\n\n',
      },
    ],
  },
  {
    id: 'B4-5',
    promise: 'data without a character is one empty line of data, and retry 0 is not sent',
    generations: GENERATIONS,
    steps: [follow('$T'), update('$T', '', ['id', '$U'], ['retry', '0']), { reads: ':\nid: $U\ndata: \n\n' }],
  },
  {
    id: 'B4-6',
    promise: 'data cannot forge fields',
    generations: GENERATIONS,
    steps: [
      follow('$T'),
      update('$T', 'a\n\nevent: forged\rid: forged\r\n\r\ndata', ['id', '$U']),
      {
        reads: ':\nid: $U\ndata: a\ndata: \ndata: event: forged\ndata: id: forged\ndata: \ndata: data\n\n',
      },
    ],
  },
  {
    id: 'B4-7',
    promise: 'whoever follows several topics of one update hears it once',
    generations: GENERATIONS,
    steps: [
      follow('$T', { query: [['$M', '$T/b']] }),
      update('$T', 'both', ['topic', '$T/b']),
      update('$T', 'next'),
      hears('both', 'next'),
    ],
  },
  {
    id: 'B4-8',
    promise: 'a quiet stream gets a comment now and then',
    generations: GENERATIONS,
    setup: 'closed',
    steps: [follow('$T', { token: { subscribe: ['*'] } }), { reads: /^:\n:\n:\n/ }],
  },
  {
    id: 'A-13.1',
    promise: 'HEAD is answered with the headers of the stream, and then it is over',
    generations: GENERATIONS,
    steps: [
      {
        ask: { method: 'HEAD', query: [['$M', '$T']] },
        answer: { status: 200, body: '', headers: { 'content-type': 'text/event-stream' } },
      },
    ],
  },
  {
    id: 'A-14.1',
    promise: 'a stream ends when its token does, before it is refused',
    generations: GENERATIONS,
    steps: [follow('$T', { token: { subscribe: ['*'], expiresIn: 3 } }), { ends: true }],
  },
];
