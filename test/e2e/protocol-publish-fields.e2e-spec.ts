import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Update } from '../../src/index.js';
import { publish } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import { legacyToken } from '../support/tokens.js';

const UUID_V7 = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Bodies that are accepted, and of the update they make what is worth looking at. */
const ACCEPTED: readonly { promise: string; body: string; update: Partial<Update> }[] = [
  {
    promise: 'a topic alone, with empty data',
    body: 'topic=a',
    update: { topics: ['a'], data: '', private: false },
  },
  { promise: 'an id', body: 'topic=a&id=my-id', update: { id: 'my-id' } },
  {
    promise: 'an id of 512 bytes',
    body: `topic=a&id=${'%C3%BC'.repeat(256)}`,
    update: { id: 'ü'.repeat(256) },
  },
  { promise: 'an empty id as none', body: 'topic=a&id=', update: { topics: ['a'] } },
  { promise: 'an empty type as none', body: 'topic=a&type=', update: { type: undefined } },
  { promise: 'a type', body: 'topic=a&type=book+added', update: { type: 'book added' } },
  {
    promise: 'a canonical and alternate topics',
    body: 'topic=a&data=x&topic=b&topic=c',
    update: { topics: ['a', 'b', 'c'] },
  },
  {
    promise: '1000 topics',
    body: Array(1000).fill('topic=a').join('&'),
    update: { topics: Array(1000).fill('a') },
  },
  {
    promise: 'a topic of 8192 bytes',
    body: `topic=${'a'.repeat(8192)}`,
    update: { topics: ['a'.repeat(8192)] },
  },
  {
    promise: 'only the first id, type, retry and data',
    body: 'topic=a&id=1&id=2&type=t&type=u&retry=1&retry=x&data=d&data=e',
    update: { id: '1', type: 't', retry: 1, data: 'd' },
  },
  ...['private=on', 'private', 'private=', 'private=0', 'private=false'].map((field) => ({
    promise: `\`${field}\` as private: it counts by being there`,
    body: `topic=a&${field}`,
    update: { private: true },
  })),
  {
    promise: 'no other spelling of private',
    body: 'topic=a&Private=on&private%5B%5D=on',
    update: { private: false },
  },
  {
    promise: 'unknown fields, which are ignored',
    body: 'x=1&topic=a&__proto__=x&constructor=x&topic%5B%5D=b&hasOwnProperty=x&=y&&',
    update: { topics: ['a'] },
  },
  { promise: 'an empty retry as none', body: 'topic=a&retry=', update: { retry: undefined } },
  { promise: 'retry 0 as none', body: 'topic=a&retry=0', update: { retry: undefined } },
  { promise: 'a retry in milliseconds', body: 'topic=a&retry=12345', update: { retry: 12345 } },
  { promise: 'a retry with leading zeros', body: 'topic=a&retry=007', update: { retry: 7 } },
  {
    promise: 'the largest retry that is exact',
    body: 'topic=a&retry=9007199254740991',
    update: { retry: Number.MAX_SAFE_INTEGER },
  },
  {
    promise: 'percent-encoded and plain UTF-8',
    body: 'topic=%C3%BC&data=漢+%F0%9F%98%80',
    update: { topics: ['ü'], data: '漢 😀' },
  },
  {
    promise: '`=`, `;`, `?` and `+` inside a value',
    body: 'topic=a&data=a=b;c?d%2B',
    update: { data: 'a=b;c?d+' },
  },
  {
    promise: 'any character in data, NUL and a byte order mark included',
    body: 'topic=a&data=%EF%BB%BF%00%7F%C2%85%E2%80%8B',
    update: { data: '\ufeff\0\x7f\u0085\u200b' },
  },
  {
    promise: 'noncharacters, which are valid UTF-8',
    body: 'topic=a&data=%EF%BF%BF%EF%BF%BD',
    update: { data: '\uffff\ufffd' },
  },
];

const CONTROL = '"X" field contains a forbidden control character';
const BROKEN = {
  NUL: '%00',
  LF: '%0A',
  CR: '%0D',
  CRLF: '%0D%0A',
  TAB: '%09',
  DEL: '%7F',
  C1: '%C2%85',
  Cf: '%E2%80%8B',
};
const NO_UTF8 = {
  'a stray byte': '%FF',
  'an overlong NUL': '%C0%80',
  'a surrogate': '%ED%A0%80',
  'a cut sequence': '%E2%82',
};

/** Bodies that are 400, with the reason. */
const REFUSED: readonly { promise: string; body: string | Buffer; reason?: string | RegExp }[] = [
  { promise: 'an empty body', body: '', reason: 'Missing "topic" parameter' },
  { promise: 'no topic', body: 'data=x', reason: 'Missing "topic" parameter' },
  { promise: 'topic in brackets', body: 'topic%5B%5D=a&topic[x]=b', reason: 'Missing "topic" parameter' },
  { promise: 'another case', body: 'Topic=a&TOPIC=b', reason: 'Missing "topic" parameter' },
  { promise: 'a byte order mark before `topic`', body: '\ufefftopic=a', reason: 'Missing "topic" parameter' },
  ...Object.entries(BROKEN).flatMap(([what, encoded]) => [
    { promise: `${what} in id`, body: `topic=a&id=x${encoded}y`, reason: CONTROL.replace('X', 'id') },
    { promise: `${what} in type`, body: `topic=a&type=x${encoded}y`, reason: CONTROL.replace('X', 'type') },
    { promise: `${what} in topic`, body: `topic=x${encoded}y`, reason: /"topic"/ },
    { promise: `${what} in an alternate topic`, body: `topic=a&topic=x${encoded}y`, reason: /"topic"/ },
  ]),
  ...Object.entries(NO_UTF8).flatMap(([what, encoded]) => [
    {
      promise: `${what} in data`,
      body: `topic=a&data=${encoded}`,
      reason: '"data" field is not valid UTF-8',
    },
    ...['id', 'type', 'topic'].map((name) => ({
      promise: `${what} in ${name}`,
      body: `topic=a&${name}=${encoded}`,
    })),
  ]),
  {
    promise: 'a raw byte that is no UTF-8',
    body: Buffer.concat([Buffer.from('topic=a&data='), Buffer.from([0xff])]),
  },
  {
    promise: 'a raw byte that is no UTF-8, in a name',
    body: Buffer.concat([Buffer.from('topic=a&'), Buffer.from([0xff])]),
  },
  ...['%', '%4', '%zz', '%u0041', '%%41'].map((broken) => ({
    promise: `the broken escape ${broken}`,
    body: `topic=a&data=${broken}`,
  })),
  ...[
    'soon',
    '-1',
    '+5',
    '1.5',
    '1e3',
    ' 5',
    '5ms',
    '0x10',
    '٣',
    '5,0',
    '18446744073709551616',
    '9'.repeat(400),
  ].map((retry) => ({
    promise: `retry=${retry.slice(0, 20)}`,
    body: `topic=a&retry=${encodeURIComponent(retry)}`,
    reason: 'Invalid "retry" parameter',
  })),
  { promise: 'the id `earliest`', body: 'topic=a&id=earliest', reason: /"id"/ },
  { promise: 'an id that begins with `#`', body: 'topic=a&id=%23x', reason: /"id"/ },
  {
    promise: 'the type `mercure`',
    body: 'topic=a&type=mercure',
    reason: '"type" field uses the reserved value "mercure"',
  },
  { promise: 'the topic `*`', body: 'topic=*', reason: /"topic"|"\*"/ },
  { promise: 'the alternate topic `*`', body: 'topic=a&topic=*', reason: /"topic"|"\*"/ },
];

/** Bodies that are 413: the draft has every limit so, of fields as of bodies. */
const TOO_LONG: typeof REFUSED = [
  { promise: 'an id of 513 bytes', body: `topic=a&id=${'x'.repeat(513)}`, reason: /"id"/ },
  {
    promise: 'an id of 257 characters that are 514 bytes',
    body: `topic=a&id=${'%C3%BC'.repeat(257)}`,
    reason: /"id"/,
  },
  { promise: 'a topic over 8 KiB', body: `topic=${'a'.repeat(8193)}`, reason: /"topic"/ },
];

describe.each(ADAPTERS)('Publishing on %s', (adapter) => {
  let hub: HubApp;
  let token: string;
  let accepted: Update[] = [];
  beforeAll(async () => {
    token = await legacyToken({ publish: ['*'] });
    hub = await createHubApp({ adapter });
    hub.service.updates$.subscribe((update) => accepted.push(update));
  });
  beforeEach(() => {
    accepted = [];
  });
  afterAll(() => hub.close());

  it.each(named(ACCEPTED))('takes %s', async (_, { body, update }) => {
    const answer = await publish(hub.url, token, body);
    expect(answer).toMatchObject({ status: 200, text: accepted[0]?.id });
    expect(accepted).toHaveLength(1);
    for (const [field, value] of Object.entries(update))
      expect(accepted[0]![field as keyof Update]).toEqual(value);
  });

  const refused = [
    ...REFUSED.map((row) => ({ ...row, status: 400 })),
    ...TOO_LONG.map((row) => ({ ...row, status: 413 })),
  ];
  it.each(named(refused))('refuses %s, and delivers nothing', async (_, { body, reason, status }) => {
    const answer = await publish(hub.url, token, body);
    expect(answer.status).toBe(status);
    if (typeof reason === 'string') expect(answer.reason).toBe(reason);
    else if (reason) expect(answer.reason).toMatch(reason);
    expect(answer.text.trimEnd().split('\n')).toHaveLength(2);
    expect(accepted).toEqual([]);
  });

  it('answers the id and nothing else, as plain text', async () => {
    const { status, text, headers } = await publish(hub.url, token, { topic: 'a' });
    expect(status).toBe(200);
    expect(text).toMatch(UUID_V7);
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy': "default-src 'self'",
    });
  });

  it('answers an id that is not ASCII as UTF-8', async () => {
    expect((await publish(hub.url, token, { topic: 'a', id: 'ü-漢-😀' })).text).toBe('ü-漢-😀');
  });

  it('makes a new id each time, rising in time', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push((await publish(hub.url, token, { topic: 'a' })).text);
    expect(ids).toEqual([...new Set(ids)].toSorted());
  });

  it('answers 1001 topics with 413', async () => {
    const answer = await publish(hub.url, token, Array(1001).fill('topic=a').join('&'));
    expect(answer).toMatchObject({ status: 413, reason: 'too many topics in update' });
    expect(accepted).toEqual([]);
  });

  it('answers a frame over 4 MiB with 413: a megabyte of line breaks is seven on the wire', async () => {
    const answer = await publish(hub.url, token, `topic=a&data=${'\n'.repeat(1024 * 1024 - 100)}`);
    expect(answer.status).toBe(413);
    expect(accepted).toEqual([]);
  });

  it('ignores a thousand fields it does not know, and answers 100,000 with 400', async () => {
    const fields = (count: number) => Array.from({ length: count }, (_, index) => `f${index}=`).join('&');
    expect((await publish(hub.url, token, `topic=a&${fields(1000)}`)).status).toBe(200);
    expect((await publish(hub.url, token, `topic=a&${fields(100_000)}`)).status).toBe(400);
  });
});
