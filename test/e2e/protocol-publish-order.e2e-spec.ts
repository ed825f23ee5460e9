import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { form, publish } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import { legacyToken, modernToken } from '../support/tokens.js';

const MIB = 1024 * 1024;
const GRANTED = 'https://example.com/granted';

/** What may be wrong with a publication, in the order in which it is looked at. */
const FAULTS = [
  'no token',
  'body too large',
  'body malformed',
  'no topic',
  'too many topics',
  'forbidden character in a topic',
  'bad retry',
  'topic not granted',
  'reserved type',
] as const;
type Fault = (typeof FAULTS)[number];

/** Each request is wrong in all these ways; the answer is that of the first. */
const REQUESTS: readonly { faults: readonly Fault[]; status: number; reason?: string; legacy?: number }[] = [
  { faults: ['no token', 'body too large'], status: 401, reason: 'Unauthorized' },
  { faults: ['no token', 'body malformed'], status: 401, reason: 'Unauthorized' },
  { faults: ['no token', 'no topic', 'bad retry'], status: 401, reason: 'Unauthorized' },
  { faults: ['no token', 'too many topics'], status: 401, reason: 'Unauthorized' },
  {
    faults: ['body too large', 'body malformed', 'no topic'],
    status: 413,
    reason: 'Request Entity Too Large',
  },
  { faults: ['body too large', 'topic not granted'], status: 413, reason: 'Request Entity Too Large' },
  { faults: ['body malformed', 'no topic', 'bad retry'], status: 400, reason: 'Bad Request' },
  { faults: ['body malformed', 'topic not granted'], status: 400, reason: 'Bad Request' },
  { faults: ['no topic', 'bad retry', 'reserved type'], status: 400, reason: 'Missing "topic" parameter' },
  { faults: ['too many topics', 'forbidden character in a topic', 'bad retry'], status: 413 },
  { faults: ['too many topics', 'topic not granted'], status: 413, reason: 'too many topics in update' },
  { faults: ['forbidden character in a topic', 'topic not granted', 'reserved type'], status: 400 },
  { faults: ['bad retry', 'topic not granted'], status: 400, reason: 'Invalid "retry" parameter' },
  { faults: ['bad retry', 'reserved type'], status: 400, reason: 'Invalid "retry" parameter' },
  { faults: ['topic not granted', 'reserved type'], status: 403, reason: 'Forbidden', legacy: 401 },
  {
    faults: ['reserved type'],
    status: 400,
    reason: '"type" field uses the reserved value "mercure"',
  },
];

function bodyWith(faults: readonly Fault[]): string {
  const wrong = (fault: Fault) => faults.includes(fault);
  const topic = wrong('topic not granted') ? 'https://example.com/other' : GRANTED;
  const topics = wrong('no topic') ? [] : Array(wrong('too many topics') ? 1001 : 1).fill(topic);
  if (wrong('forbidden character in a topic')) topics.push('a\nb');
  const fields = form({
    topic: topics,
    data: wrong('body too large') ? 'x'.repeat(MIB) : 'x',
    ...(wrong('bad retry') ? { retry: 'soon' } : undefined),
    ...(wrong('reserved type') ? { type: 'mercure' } : undefined),
  });
  return wrong('body malformed') ? `${fields}&x=%zz` : fields;
}

describe.each(ADAPTERS)('A publication on %s', (adapter) => {
  let hub: HubApp;
  const accepted: string[] = [];
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
    hub.service.updates$.subscribe(({ data }) => accepted.push(data));
  });
  afterAll(() => hub.close());

  describe.each([
    ['0.x', legacyToken],
    ['1.0', modernToken],
  ])('with a token of %s', (generation, mint) => {
    it.each(named(REQUESTS.map((row) => ({ ...row, promise: row.faults.join(', ') }))))(
      'is answered by the first thing wrong: %s',
      async (_, request) => {
        const { faults, status, reason, legacy } = request;
        const token = faults.includes('no token') ? undefined : await mint({ publish: [GRANTED] });
        const answer = await publish(hub.url, token, bodyWith(faults));
        const byGeneration = generation === '0.x' ? (legacy ?? status) : status;
        expect(answer.status).toBe(byGeneration);
        if (reason) expect(answer.reason).toBe(byGeneration === 401 ? 'Unauthorized' : reason);
        expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
        expect(answer.text.trimEnd().split('\n')).toHaveLength(2);
        expect(accepted).toEqual([]);
      },
    );
  });
});
