import { describe, expect, it } from 'vitest';
import { parseForm, parseQuery, UNDECODABLE, valuesOf } from '../../src/http/form.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a form', () => {
  it.each([
    ['', []],
    ['a=1', [['a', '1']]],
    [
      'a=1&&b',
      [
        ['a', '1'],
        ['b', ''],
      ],
    ],
    [
      'a=b=c&a=+%2B%C3%A9',
      [
        ['a', 'b=c'],
        ['a', ' +é'],
      ],
    ],
    [
      '=x&a',
      [
        ['', 'x'],
        ['a', ''],
      ],
    ],
    [
      'a&b=1',
      [
        ['a', ''],
        ['b', '1'],
      ],
    ],
    ['a=1&', [['a', '1']]],
    ['topic[]=1', [['topic[]', '1']]],
  ])('is its fields in their order: %s', (text, fields) => {
    expect(parseForm(bytes(text))).toEqual(fields);
  });

  it.each(['a=%', 'a=%zz', '%zz=a', 'a=%ff', 'a=%C3', 'a=%ed%a0%80', 'a=%c0%af'])(
    'is refused whole for %s',
    (text) => {
      expect(() => parseForm(bytes(text))).toThrow(expect.objectContaining({ status: 400 }));
    },
  );

  it('is refused where its bytes are no UTF-8', () => {
    expect(() => parseForm(Uint8Array.of(0x61, 0x3d, 0xff))).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  });

  it('is not read past 5,000 fields, be they a megabyte of nothing', () => {
    expect(parseForm(bytes('a&'.repeat(5000)))).toHaveLength(5000);
    for (const text of ['a&'.repeat(5001), 'a&'.repeat(524_288), 'topic=a&'.repeat(131_072)]) {
      expect(() => parseForm(bytes(text))).toThrow(expect.objectContaining({ code: 'REQUEST_MALFORMED' }));
    }
    expect(parseForm(bytes('&'.repeat(1_048_576)))).toEqual([]);
  });
});

describe('a query', () => {
  it('drops pairs with a broken escape, and keeps what cannot be decoded from passing for text', () => {
    const fields = parseQuery('/hub?topic=a&topic=%zz&topic=%ff&topic=b');
    expect(valuesOf(fields, 'topic')).toEqual(['a', UNDECODABLE, 'b']);
    expect(parseQuery('/hub')).toEqual([]);
  });
});
