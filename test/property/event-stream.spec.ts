import { EventSource } from 'eventsource';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { Frame } from '../../src/sse/frame.js';
import type { Update } from '../../src/update/update.js';
import { unhung } from '../support/byte-log.js';
import { open } from '../support/http-client.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { EventStreamParser, type ParsedEvent } from './support/event-stream-parser.js';
import { seedOfRun } from './support/random.js';
import { asHeard, inPieces, validUpdate } from './support/updates.js';

// A failure prints the seed and the path that reproduce it: fc.assert(…, { seed, path }).

/** What the package `eventsource-parser` makes of the bytes. */
function parseByPackage(pieces: Iterable<Uint8Array>): ParsedEvent[] {
  const events: ParsedEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = 'message', data, id = '' }) => events.push({ type: event, data, lastEventId: id }),
  });
  const utf8 = new TextDecoder();
  for (const piece of pieces) parser.feed(utf8.decode(piece, { stream: true }));
  return events;
}

/** What the HTML Standard's steps make of them. */
function parseByStandard(pieces: Iterable<Uint8Array>): EventStreamParser {
  const parser = new EventStreamParser();
  for (const piece of pieces) parser.feed(piece);
  return parser;
}

const someUpdates = fc.array(validUpdate, { minLength: 1, maxLength: 6 });
const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });

describe('An update on the wire', () => {
  it('is the same update again for two parsers, cut anywhere', () => {
    fc.assert(
      fc.property(someUpdates, lengths, (updates, lengths) => {
        const bytes = Frame.ofUpdates(updates).plain;
        const expected = updates.map(asHeard);
        expect(parseByPackage(inPieces(bytes, lengths))).toEqual(expected);
        const standard = parseByStandard(inPieces(bytes, lengths));
        expect(standard.events).toEqual(expected);
        expect(standard.retry).toBe(updates.findLast(({ retry }) => retry !== undefined)?.retry);
        expect(standard.lastEventId).toBe(updates.at(-1)!.id);
      }),
      { numRuns: 3000 },
    );
  });

  it('says the time to wait with the update that asks for it', () => {
    fc.assert(
      fc.property(validUpdate, (update) => {
        expect(parseByStandard([Frame.ofUpdates([update]).plain]).retry).toBe(update.retry);
      }),
      { numRuns: 500 },
    );
  });
});

describe.each(ADAPTERS)('Updates through a socket, on %s', (adapter) => {
  it('are the same updates again for three parsers, live and replayed', async () => {
    const hub = await createHubApp({ adapter });
    onTestFinished(() => hub.close());
    const seed = seedOfRun();
    onTestFailed(() => console.log(`SEED=${seed}`));
    const sent = fc.sample(validUpdate, { numRuns: 300, seed }).map((update, index): Update => ({
      ...update,
      id: `${index} ${update.id}`,
    }));
    const last = { id: 'last', topic: 't', data: 'last', type: 'last' };
    const live = await open(hub.url, { query: { topic: 't' } });
    const page = listen(`${hub.url}?topic=t`, new Set([...sent.map(({ type = 'message' }) => type), 'last']));
    onTestFinished(() => page.close());
    await page.opened;
    for (const { topics, ...update } of sent) await hub.service.publish({ ...update, topic: topics });
    await hub.service.publish(last);
    const replayed = await open(hub.url, { query: { topic: 't', last_event_id: 'earliest' } });

    const expected = [...sent.map(asHeard), { type: 'last', data: 'last', lastEventId: 'last' }];
    for (const { body } of [live, replayed]) {
      await body.waitFor('data: last\n\n');
      expect(parseByPackage([body.bytes])).toEqual(expected);
      expect(parseByStandard([body.bytes]).events).toEqual(expected);
    }
    expect(await page.all).toEqual(expected);
    live.abort();
    replayed.abort();
  });
});

/** A page that listens to these types, until the one called `last`. */
function listen(url: string, types: ReadonlySet<string>) {
  const source = new EventSource(url);
  const heard: ParsedEvent[] = [];
  const all = new Promise<ParsedEvent[]>((resolve) => {
    for (const type of types) {
      source.addEventListener(type, ({ type, data, lastEventId }: MessageEvent) => {
        heard.push({ type, data: data as string, lastEventId });
        if (type === 'last') resolve(heard);
      });
    }
  });
  const opened = new Promise<void>((resolve) => source.addEventListener('open', () => resolve()));
  return {
    opened: unhung(opened, 'the page to be open'),
    all: unhung(all, () => `the last update, heard ${heard.length}`),
    close: () => source.close(),
  };
}
