import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MercureError, MercureService, type UpdateInput } from '../../src/index.js';
import { open, publish, send, type StreamedResponse } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { legacyToken } from '../support/tokens.js';
import { EventStreamParser } from './support/event-stream-parser.js';

// A failure prints the seed and the path that reproduce it: fc.assert(…, { seed, path }).

const RANGES = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xd800, 0xdfff],
] as const;
/** Of the characters that show nothing and change how the rest shows (category Cf). */
const FORMAT = Array.from('\u00ad\u0600\u061c\u200b\u200e\u202e\u2060\u2066\ufeff\ufff9\u{e0001}\u{e007f}');

/** What no topic, id or type may hold: C0, DEL, C1, format characters and halves of surrogate pairs. */
const forbidden = fc.oneof(
  ...RANGES.map(([min, max]) => fc.integer({ min, max }).map((code) => String.fromCharCode(code))),
  fc.constantFrom(...FORMAT),
  fc.constantFrom('\n', '\r', '\r\n', '\0'),
);
const forged = fc.constantFrom('', 'x', 'data: forged', 'id: forged', 'event: forged', '\ndata: forged\n\n');
/** A text with one of them at its beginning, in it, or at its end. */
const hostile = fc.tuple(forged, forbidden, forged).map((parts) => parts.join(''));

const FIELDS = ['id', 'type', 'topic'] as const;
const PARAMETERS = ['last_event_id', 'lastEventID', 'Last-Event-ID', 'lastEventId'] as const;

/** A resource whose discovery says what its visitor says, which no application should do. */
@Controller('resource')
class ResourceController {
  constructor(@Inject(MercureService) private readonly mercure: MercureService) {}

  @Get()
  show(@Query('said') said: string, @Res({ passthrough: true }) response: object): string {
    this.mercure.discover(response, { type: said, lastEventId: said, keySet: said });
    return 'shown';
  }
}

describe.each(ADAPTERS)('Whoever would forge fields of a stream, on %s', (adapter) => {
  let hub: HubApp;
  let token: string;
  let stream: StreamedResponse;
  let published = 0;

  beforeAll(async () => {
    hub = await createHubApp({ adapter, controllers: [ResourceController] });
    token = await legacyToken({ publish: ['*'] });
    stream = await open(hub.url, { query: { topic: '*' } });
  });
  afterAll(() => {
    stream.abort();
    return hub.close();
  });

  /** Everything on the stream is something that was published under this name, each once. */
  async function expectNothingForged(): Promise<void> {
    published++;
    await hub.service.publish({ topic: 'honest', id: `honest-${published}`, data: 'honest' });
    const text = await stream.body.waitFor(`id: honest-${published}\ndata: honest\n\n`);
    const parser = new EventStreamParser();
    parser.feed(Buffer.from(text));
    expect(parser.events).toEqual(
      Array.from({ length: published }, (_, index) => ({
        type: 'message',
        data: 'honest',
        lastEventId: `honest-${index + 1}`,
      })),
    );
  }

  it('is refused in process, whatever the field and the character', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...FIELDS), hostile, async (field, value) => {
        const update: UpdateInput = { topic: 'a', data: 'forged', [field]: value };
        const refusal: unknown = await hub.service.publish(update).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(MercureError);
        expect(refusal).toMatchObject({ code: 'UPDATE_INVALID', status: 400 });
      }),
      { numRuns: 2000 },
    );
    await expectNothingForged();
  });

  it('is refused over HTTP with 400', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...FIELDS), hostile, async (field, value) => {
        // Halves of surrogate pairs as some encoders write them; no UTF-8 either way.
        const encoded = Array.from(value, encodeCharacter).join('');
        const { status } = await publish(
          hub.url,
          token,
          `${field === 'topic' ? '' : 'topic=a&'}${field}=${encoded}`,
        );
        expect(status).toBe(400);
      }),
      { numRuns: 150 },
    );
    await expectNothingForged();
  });

  it('is refused as the id to resume from, in every parameter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PARAMETERS), hostile, async (name, value) => {
        const encoded = Array.from(value, encodeCharacter).join('');
        const response = await open(`${hub.url}?topic=a&${name}=${encoded}`);
        response.abort();
        expect(response.status).toBe(400);
      }),
      { numRuns: 150 },
    );
    await expectNothingForged();
  });

  it('adds no header to a discovery, nor an attribute to its link', async () => {
    const line = fc.tuple(
      hostile,
      fc.constantFrom('forged: 1\r\n', '"; forged="1', '\\"; forged="1', '>, <forged>'),
    );
    await fc.assert(
      fc.asyncProperty(line, async (parts) => {
        const said = Array.from(parts.join(''), encodeCharacter).join('');
        const { status, headers } = await send(`${hub.origin}/resource?said=${said}`);
        expect([200, 500]).toContain(status);
        expect(headers).not.toHaveProperty('forged');
        // Quoted strings taken out, with what is escaped in them, there is nothing but the attributes' names.
        const names = String(headers['link'] ?? '').replaceAll(/"(?:[^"\\]|\\.)*"/gs, '');
        if (status === 200)
          expect(names).toBe('</.well-known/mercure>; rel=; last-event-id=; type=; key-set=');
        else expect(names).not.toContain('forged');
      }),
      { numRuns: 150 },
    );
  });

  it('gets text back as text, where it is not refused: the id resumed from, on the stream of a gap', async () => {
    const plain = fc
      .string({ unit: fc.constantFrom(...Array.from('a":\\{}\u2028\u2029é, ')), minLength: 1, maxLength: 20 })
      .filter((id) => id.trim() === id);
    await fc.assert(
      fc.asyncProperty(plain, async (id) => {
        const response = await open(hub.url, { query: { topic: 'none', last_event_id: id } });
        const parser = new EventStreamParser();
        parser.feed(Buffer.from(await response.body.waitFor('\n\n')));
        response.abort();
        expect(parser.events).toHaveLength(1);
        expect(JSON.parse(parser.events[0]!.data)).toMatchObject({ type: 'gap', requested: id });
      }),
      { numRuns: 60 },
    );
  });
});

/** Percent-encodes a character as UTF-8, half of a surrogate pair too. */
function encodeCharacter(character: string): string {
  if (character.isWellFormed()) return encodeURIComponent(character);
  const code = character.charCodeAt(0);
  const bytes = [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
  return bytes.map((byte) => `%${byte.toString(16)}`).join('');
}
