import { describe, expect, it } from 'vitest';
import { MercureError } from '../../src/errors.js';
import type { Update } from '../../src/update/update.js';
import { validateTopics, validateUpdate } from '../../src/update/validate-update.js';

const rules = {
  hubUrl: new URL('https://example.com/.well-known/mercure'),
  maxTopicBytes: 8192,
  maxBodyBytes: 1024 * 1024,
};
const update = (fields: Partial<Update>): Update => ({
  id: 'a',
  topics: ['https://example.com/books/1'],
  data: '',
  private: false,
  ...fields,
});

function refusal(act: () => void): { code: string; status: number; message: string } | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof MercureError)) throw error;
    return { code: error.code, status: error.status, message: error.message };
  }
}

describe('an update is what the draft allows', () => {
  it.each([
    ['an ordinary one', {}],
    ['an id of 512 bytes beyond ASCII', { id: 'é'.repeat(256) }],
    ['a topic that only looks like the hub', { topics: ['https://example.com/.well-known/mercure2'] }],
    ['a topic of an opaque URI', { topics: ['urn:uuid:5'] }],
    ['a relative topic', { topics: ['books/1'] }],
    ['data of many lines, with NUL', { data: 'a\r\nb\0c' }],
    ['a megabyte of data', { data: 'x'.repeat(1024 * 1024) }],
  ])('takes %s', (_, fields: Partial<Update>) => {
    expect(refusal(() => validateUpdate(update(fields), rules))).toBeUndefined();
  });

  it.each<[string, Partial<Update>, string, number]>([
    ['the wildcard as a topic', { topics: ['*'] }, 'UPDATE_INVALID', 400],
    ['an empty topic', { topics: [''] }, 'TOPIC_RESERVED', 400],
    ['the hub itself', { topics: ['https://example.com/.well-known/mercure'] }, 'TOPIC_RESERVED', 400],
    ['below the hub', { topics: ['/.well-known/mercure/subscriptions/x'] }, 'TOPIC_RESERVED', 400],
    [
      'below the hub of any host',
      { topics: ['https://other.example/.well-known/mercure/x'] },
      'TOPIC_RESERVED',
      400,
    ],
    ['a relative way to the hub', { topics: ['mercure/x'] }, 'TOPIC_RESERVED', 400],
    ['a dotted way to the hub', { topics: ['/a/../.well-known/mercure'] }, 'TOPIC_RESERVED', 400],
    ['back slashes to the hub', { topics: ['\\.well-known\\mercure'] }, 'TOPIC_RESERVED', 400],
    ['an encoded way to the hub', { topics: ['/.well-known/%6Dercure/x'] }, 'TOPIC_RESERVED', 400],
    ['a query of the hub', { topics: ['?x=1'] }, 'TOPIC_RESERVED', 400],
    ['a fragment of the hub', { topics: ['#x'] }, 'TOPIC_RESERVED', 400],
    ['the id "earliest"', { id: 'earliest' }, 'UPDATE_INVALID', 400],
    ['an id that begins with "#"', { id: '#42' }, 'UPDATE_INVALID', 400],
    ['an id with a line break', { id: 'a\ndata: forged' }, 'UPDATE_INVALID', 400],
    ['an id with NUL', { id: 'a\0' }, 'UPDATE_INVALID', 400],
    ['an id with a C1 control', { id: 'a\u0085' }, 'UPDATE_INVALID', 400],
    ['an id with a format character', { id: 'a\u200b' }, 'UPDATE_INVALID', 400],
    ['an id of 513 bytes', { id: 'x'.repeat(513) }, 'UPDATE_TOO_LARGE', 413],
    ['an id that is not well-formed', { id: '\ud800' }, 'UPDATE_INVALID', 400],
    ['the type "mercure"', { type: 'mercure' }, 'UPDATE_INVALID', 400],
    ['a type with CR', { type: 'a\rid: b' }, 'UPDATE_INVALID', 400],
    ['data that is not well-formed', { data: '\udc00' }, 'UPDATE_INVALID', 400],
    ['a negative retry', { retry: -1 }, 'UPDATE_INVALID', 400],
    ['a megabyte of line breaks', { data: '\n'.repeat(1024 * 1024) }, 'UPDATE_TOO_LARGE', 413],
  ])('refuses %s', (_, fields, code, status) => {
    expect(refusal(() => validateUpdate(update(fields), rules))).toMatchObject({ code, status });
  });

  it.each<[string, string[], string, number]>([
    ['no topic', [], 'TOPIC_MISSING', 400],
    ['1,001 topics', Array.from({ length: 1001 }, (_, i) => `t${i}`), 'UPDATE_TOO_LARGE', 413],
    ['a topic with DEL', ['a\x7f'], 'UPDATE_INVALID', 400],
    ['a topic of 8,193 bytes', ['x'.repeat(8193)], 'UPDATE_TOO_LARGE', 413],
    ['a topic of 8,193 bytes in fewer characters', ['é'.repeat(4097)], 'UPDATE_TOO_LARGE', 413],
  ])('refuses %s before it looks at grants', (_, topics, code, status) => {
    expect(refusal(() => validateTopics(topics, rules))).toMatchObject({ code, status });
  });

  it('takes 1,000 topics', () => {
    const topics = Array.from({ length: 1000 }, (_, i) => `t${i}`);
    expect(refusal(() => validateTopics(topics, rules))).toBeUndefined();
  });

  it('has an event of four times the largest body, and of any size where a body may have any', () => {
    const large = update({ data: 'x'.repeat(5 * 1024 * 1024) });
    expect(refusal(() => validateUpdate(large, rules))).toMatchObject({
      code: 'UPDATE_TOO_LARGE',
      status: 413,
    });
    for (const maxBodyBytes of [2 * 1024 * 1024, 0]) {
      expect(refusal(() => validateUpdate(large, { ...rules, maxBodyBytes }))).toBeUndefined();
    }
    const small = { ...rules, maxBodyBytes: 10 };
    expect(refusal(() => validateUpdate(update({ data: 'x'.repeat(1024 * 1024) }), small))).toBeUndefined();
  });
});
