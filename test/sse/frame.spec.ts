import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUpdate, Frame } from '../../src/sse/frame.js';
import { isPlainText } from '../../src/update/text.js';
import type { Update } from '../../src/update/update.js';

const update = (fields: Partial<Update>): Update => ({
  id: 'a',
  topics: ['t'],
  data: '',
  private: false,
  ...fields,
});

function parse(chunks: readonly string[]): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  for (const chunk of chunks) parser.feed(chunk);
  return events;
}

describe('an update on the wire', () => {
  it.each([
    ['data alone', { data: 'Hello World' }, 'id: a\ndata: Hello World\n\n'],
    ['no data', {}, 'id: a\ndata: \n\n'],
    [
      'everything, in the order event, retry, id, data',
      { id: 'custom-id', type: 'type', retry: 5, data: 'several\nlines\rwith\r\neol' },
      'event: type\nretry: 5\nid: custom-id\ndata: several\ndata: lines\ndata: with\ndata: eol\n\n',
    ],
    ['a last line that is empty', { data: 'a\n' }, 'id: a\ndata: a\ndata: \n\n'],
  ])('is encoded with %s', (_, fields, bytes) => {
    expect(encodeUpdate(update(fields))).toBe(bytes);
  });

  it('is what a parser reads, whatever the data and however it is cut', () => {
    const plain = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter(isPlainText);
    const data = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\r', '\n', '\r\n', ':', ' '),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
    });
    fc.assert(
      fc.property(plain, plain, data, fc.array(fc.nat(200), { maxLength: 5 }), (id, type, text, cuts) => {
        const frame = encodeUpdate(update({ id, type, data: text }));
        const places = [
          0,
          ...cuts.map((cut) => cut % (frame.length + 1)).toSorted((a, b) => a - b),
          frame.length,
        ];
        const chunks = places.slice(1).map((end, index) => frame.slice(places[index], end));
        const events = parse(chunks);
        expect(events).toHaveLength(1);
        expect(events[0]).toMatchObject({ id, event: type, data: text.replace(/\r\n|\r/g, '\n') });
      }),
    );
  });
});

describe('a frame', () => {
  it('joins updates, and is the same bytes plain and as one chunk', () => {
    const frame = Frame.ofUpdates([update({ id: '1', data: 'é' }), update({ id: '2' })]);
    expect(frame.plain.toString()).toBe('id: 1\ndata: é\n\nid: 2\ndata: \n\n');
    expect(frame.chunk.toString()).toBe(
      `${frame.plain.length.toString(16)}\r\n${frame.plain.toString()}\r\n`,
    );
  });

  it('is encoded once for all who send it', () => {
    const frame = Frame.ofUpdates([update({})]);
    expect(frame.plain).toBe(frame.plain);
    expect(frame.chunk).toBe(frame.chunk);
  });

  it('moves a cursor without firing an event', () => {
    const events: EventSourceMessage[] = [];
    const ids: string[] = [];
    const parser = createParser({ onEvent: (event) => events.push(event) });
    parser.feed(Frame.ofBeat('b').plain.toString());
    parser.feed('data: x\n\n');
    for (const event of events) ids.push(String(event.id));
    expect(events).toHaveLength(1);
  });

  it('tells a gap as an event of the reserved type with the cursor to go on from', () => {
    const [event] = parse([
      Frame.ofGap({ requested: 'x', reason: 'unknown', lastEventId: 'y' }).plain.toString(),
    ]);
    expect(event).toMatchObject({ event: 'mercure', id: 'y' });
    expect(JSON.parse(event!.data)).toEqual({
      type: 'gap',
      requested: 'x',
      reason: 'unknown',
      last_event_id: 'y',
    });
  });
});
