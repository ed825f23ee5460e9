import fc from 'fast-check';
import type { Update } from '../../../src/update/update.js';

/** Everything that has ever ended a line, hidden in one, or begun a field, among ordinary text. */
const UNITS = [
  ...Array.from('ab :\n\r\t\0"\\,'),
  '\r\n',
  '\n\n',
  'data:',
  'id: ',
  'event: ',
  'retry: 1',
  '\u0085',
  '\u2028',
  '\u2029',
  '\v',
  '\f',
  '\ufeff',
  'é',
  'e\u0301',
  '漢',
  '😀',
  '\u{10ffff}',
] as const;

const anything = fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 30 });
/** What the protocol allows in ids and types: no control and no format characters. */
const plain = anything.map((text) => text.replace(/[\p{Cc}\p{Cf}]/gu, ''));

/** Any update that a hub accepts. */
export const validUpdate: fc.Arbitrary<Update> = fc
  .record({
    id: plain.map((id) => `i${id}`),
    data: fc.oneof(anything, fc.string({ unit: 'binary', maxLength: 200 })),
    type: fc.option(
      plain.filter((type) => type !== '' && type !== 'mercure'),
      { nil: undefined },
    ),
    retry: fc.option(fc.integer({ min: 1, max: 2 ** 31 }), { nil: undefined }),
  })
  .map(({ id, data, type, retry }) => ({
    id,
    topics: ['t'],
    data,
    private: false,
    ...(type === undefined ? undefined : { type }),
    ...(retry === undefined ? undefined : { retry }),
  }));

/** An update as a page hears of it: every way to break a line is one, as the event stream format has it. */
export function asHeard({ type = 'message', data, id }: Update): {
  type: string;
  data: string;
  lastEventId: string;
} {
  return { type, data: data.replace(/\r\n?/g, '\n'), lastEventId: id };
}

/** Bytes in pieces: lengths that are used in turn, so that any character and any line break may be cut. */
export function* inPieces(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    yield bytes.subarray(start, start + length);
    start += length;
  }
}
