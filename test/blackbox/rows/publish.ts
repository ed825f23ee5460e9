import { GENERATIONS, MODERN, repeat, type Row, type Step } from '../support/row.js';
import { follow, hears, update } from './steps.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const UUID_V7 = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const refused = (body: string | Uint8Array, status: number, reason?: string | RegExp): Step => ({
  publish: body,
  answer: { status, ...(reason === undefined ? undefined : { reason }) },
});

const FORBIDDEN = { NUL: '%00', LF: '%0A', CR: '%0D' };
const FORBIDDEN_NOW = { TAB: '%09', DEL: '%7F', C1: '%C2%85', Cf: '%E2%80%8B' };
const NO_UTF8 = { 'a stray byte': '%FF', 'an overlong NUL': '%C0%80', 'a surrogate': '%ED%A0%80' };

export const PUBLISH: readonly Row[] = [
  {
    id: 'B6-1',
    promise: 'a publication is answered with its id, as plain text',
    generations: GENERATIONS,
    steps: [
      {
        publish: [
          ['topic', '$T'],
          ['id', '$U'],
          ['data', 'x'],
        ],
        answer: { status: 200, body: '$U', headers: { 'content-type': 'text/plain; charset=utf-8' } },
      },
    ],
  },
  {
    id: 'B6-2',
    promise: 'one without an id gets a UUID of version 7',
    generations: GENERATIONS,
    steps: [{ publish: 'topic=$T', answer: { status: 200, body: UUID_V7 } }],
  },
  {
    id: 'B6-3',
    promise: 'the generated id is the one on the stream',
    generations: GENERATIONS,
    steps: [
      follow('$T'),
      {
        ask: { method: 'POST', headers: FORM, body: 'topic=$T&data=x', token: { publish: ['*'] } },
        answer: { status: 200 },
        keep: { id: 'body' },
      },
      { reads: ':\nid: $id\ndata: x\n\n' },
    ],
  },
  {
    id: 'B6-4',
    promise: 'a topic is all it needs',
    generations: GENERATIONS,
    steps: [{ publish: 'topic=$T', answer: { status: 200 } }],
  },
  {
    id: 'B6-5',
    promise: 'without a topic it is 400',
    generations: GENERATIONS,
    steps: [
      refused('data=x', 400, 'Missing "topic" parameter'),
      refused('', 400, 'Missing "topic" parameter'),
      refused('Topic=a&topic%5B%5D=a', 400, 'Missing "topic" parameter'),
    ],
  },
  {
    id: 'B6-6',
    promise: 'a body that is no form has no topic: 400',
    generations: GENERATIONS,
    steps: [
      {
        publish: '{"topic":"a"}',
        ask: { headers: { 'content-type': 'application/json' } },
        answer: { status: 400, reason: 'Missing "topic" parameter' },
      },
    ],
  },
  {
    id: 'B6-31',
    promise: 'nor has a form of the other type',
    generations: GENERATIONS,
    steps: [
      {
        publish: '--x\r\nContent-Disposition: form-data; name="topic"\r\n\r\na\r\n--x--\r\n',
        ask: { headers: { 'content-type': 'multipart/form-data; boundary=x' } },
        answer: { status: 400, reason: 'Missing "topic" parameter' },
      },
    ],
  },
  {
    id: 'B6-7',
    promise: 'a content type that cannot be read is 400',
    generations: GENERATIONS,
    steps: [
      {
        publish: 'topic=$T',
        ask: { headers: { 'content-type': 'text/plain; boundary=' } },
        answer: { status: 400 },
      },
    ],
  },
  {
    id: 'B6-8',
    promise: 'the content type may name a charset, in any case',
    generations: GENERATIONS,
    steps: [
      {
        publish: 'topic=$T',
        ask: { headers: { 'content-type': 'Application/X-WWW-Form-URLEncoded; charset=UTF-8' } },
      },
    ],
  },
  {
    id: 'B6-9',
    promise: 'retry is decimal digits, or 400',
    generations: GENERATIONS,
    steps: ['invalid', '-1', '1.5', '0x10', '٣'].map((retry) =>
      refused(`topic=$T&retry=${encodeURIComponent(retry)}`, 400, 'Invalid "retry" parameter'),
    ),
  },
  {
    id: 'B6-10',
    promise: 'an empty id, type or retry is none',
    generations: GENERATIONS,
    steps: [
      follow('$T'),
      { publish: 'topic=$T&id=&type=&retry=&data=x', answer: { status: 200, body: UUID_V7 } },
      { reads: /^:\nid: urn:uuid:[0-9a-f-]{36}\ndata: x\n\n$/ },
    ],
  },
  {
    id: 'B6-11',
    promise: 'of a repeated field other than the topic the first counts',
    generations: GENERATIONS,
    steps: [
      follow('$T'),
      { publish: 'topic=$T&id=$U-1&id=$U-2&type=t&type=u&data=d&data=e&retry=1&retry=x' },
      { reads: ':\nevent: t\nretry: 1\nid: $U-1\ndata: d\n\n' },
    ],
  },
  {
    id: 'B6-12',
    promise: 'unknown fields are ignored',
    generations: GENERATIONS,
    steps: [follow('$T'), update('$T', 'x', ['unknown', 'y'], ['__proto__', 'z']), hears('x')],
  },
  {
    id: 'B6-13',
    promise: 'an update reaches those who follow any of its topics',
    generations: GENERATIONS,
    steps: [follow('$T/alternate'), update('$T', 'x', ['topic', '$T/alternate']), hears('x')],
  },
  {
    id: 'B6-14',
    promise: 'it may have 1000 topics',
    generations: GENERATIONS,
    steps: [{ publish: repeat(1000, ['topic', '$T']) }],
  },
  {
    id: 'A-15.1',
    promise: 'more than 1000 topics are 413',
    generations: GENERATIONS,
    steps: [refused(Array(1001).fill('topic=a').join('&'), 413, 'too many topics in update')],
  },
  {
    id: 'A-15.2',
    promise: 'a body over the limit is 413, one of its size is not',
    generations: GENERATIONS,
    setup: 'closed',
    steps: [
      { publish: `topic=a&data=${'x'.repeat(1024 - 13)}` },
      refused(`topic=a&data=${'x'.repeat(1024 - 12)}`, 413),
    ],
  },
  {
    id: 'A-15.3',
    promise: 'the limit is 1 MiB where none is set',
    generations: GENERATIONS,
    steps: [
      { publish: `topic=a&data=${'x'.repeat(1024 * 1024 - 13)}` },
      refused(`topic=a&data=${'x'.repeat(1024 * 1024 - 12)}`, 413),
    ],
  },
  {
    id: 'A-22.1',
    promise: 'a frame over 4 MiB is 413: a megabyte of line breaks is seven on the wire',
    generations: GENERATIONS,
    steps: [refused(`topic=a&data=${'\n'.repeat(1024 * 1024 - 100)}`, 413)],
  },
  ...['id', 'type'].map((name, index) => ({
    id: `B6-${15 + index}`,
    promise: `NUL, CR and LF in \`${name}\` are 400`,
    generations: GENERATIONS,
    steps: Object.values(FORBIDDEN).map((encoded) =>
      refused(
        `topic=$T&${name}=a${encoded}b`,
        400,
        new RegExp(`^"${name}" field contains a forbidden control`),
      ),
    ),
  })),
  ...['id', 'type', 'topic'].map((name, index) => ({
    id: `B6-${17 + index}`,
    promise: `no \`${name}\` has control or format characters, or is no UTF-8: 400`,
    generations: MODERN,
    steps: Object.values({ ...FORBIDDEN, ...FORBIDDEN_NOW, ...NO_UTF8 }).map((encoded) =>
      refused(`topic=$T&${name}=a${encoded}b`, 400),
    ),
  })),
  {
    id: 'B6-20',
    promise: 'data that is no UTF-8 is 400',
    generations: MODERN,
    steps: Object.values(NO_UTF8).map((encoded) =>
      refused(`topic=$T&data=${encoded}`, 400, '"data" field is not valid UTF-8'),
    ),
  },
  {
    id: 'B6-21',
    promise: 'data is any text, control characters too',
    generations: GENERATIONS,
    steps: [
      follow('$T'),
      update('$T', '\u0001\u007f\u0085\u200b 漢 😀'),
      hears('\u0001\u007f\u0085\u200b 漢 😀'),
    ],
  },
  {
    id: 'A-7.1',
    promise: 'the type `mercure` is what the hub alone says: 400',
    generations: MODERN,
    steps: [refused('topic=$T&type=mercure', 400, '"type" field uses the reserved value "mercure"')],
  },
  {
    id: 'A-7.2',
    promise: 'the id `earliest` and ids that begin with # are 400',
    generations: MODERN,
    steps: [refused('topic=$T&id=earliest', 400, /"id"/), refused('topic=$T&id=%2342', 400, /"id"/)],
  },
  {
    id: 'A-7.3',
    promise: 'the topic * is 400, as the first and as any other',
    generations: MODERN,
    steps: [refused('topic=*', 400), refused('topic=$T&topic=*', 400)],
  },
  {
    id: 'A-7.4',
    promise: 'where only 0.x is spoken, the type `mercure`, the id `earliest` and the topic * are allowed',
    generations: ['0.x'],
    steps: [{ publish: 'topic=$T&type=mercure' }, { publish: 'topic=*' }, { publish: 'topic=$T&id=%2342' }],
  },
  {
    id: 'A-21.4',
    promise: 'an id may have 512 bytes',
    generations: GENERATIONS,
    steps: [
      { publish: `topic=$T&id=${'%C3%BC'.repeat(256)}`, answer: { status: 200, body: 'ü'.repeat(256) } },
    ],
  },
  {
    id: 'A-21.5',
    promise: 'one of more is refused: 413, since a field may be too long as a body may',
    generations: MODERN,
    steps: [refused(`topic=$T&id=${'x'.repeat(513)}`, 413)],
  },
  {
    id: 'A-21.6',
    promise: 'one of more is refused where only 0.x is spoken: 400',
    generations: ['0.x'],
    steps: [refused(`topic=$T&id=${'x'.repeat(513)}`, 400)],
  },
  {
    id: 'A-2.9',
    promise: 'a topic may have 8 KiB',
    generations: GENERATIONS,
    steps: [{ publish: `topic=${'a'.repeat(8192)}` }],
  },
  {
    id: 'A-2.10',
    promise: 'one of more is refused: 413',
    generations: MODERN,
    steps: [refused(`topic=${'a'.repeat(8193)}`, 413)],
  },
  {
    id: 'B6-22',
    promise: 'whoever may not publish learns nothing else: authorization before the body',
    generations: GENERATIONS,
    steps: [{ publish: 'topic=$T&topic=*&type=mercure&retry=x', token: null, answer: { status: 401 } }],
  },
  {
    id: 'B6-23',
    promise: 'the fields are judged before the grant',
    generations: GENERATIONS,
    steps: [
      { publish: 'data=x', token: { publish: ['$T/other'] }, answer: { status: 400 } },
      { publish: 'topic=$T&retry=x', token: { publish: ['$T/other'] }, answer: { status: 400 } },
    ],
  },
  {
    id: 'B6-24',
    promise: 'the grant is judged before what is reserved',
    generations: MODERN,
    steps: [{ publish: 'topic=$T&type=mercure', token: { publish: ['$T/other'] }, answer: { status: 403 } }],
  },
  {
    id: 'B6-25',
    promise: 'nobody publishes where there is no key: POST is 405',
    generations: GENERATIONS,
    setup: 'mute',
    steps: [{ publish: 'topic=$T', answer: { status: 405 } }],
  },
];
