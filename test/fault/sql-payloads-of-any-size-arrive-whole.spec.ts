import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { numberOf } from '../../src/transport/typeorm/postgres/open-postgres.js';
import { typeOrm } from '../../src/typeorm.js';
import { createHubApp, type HubApp } from '../support/hub-app.js';
import { eventsOf, open, publish } from '../support/http-client.js';
import { POSTGRES_URL, postgresAnswers } from '../support/postgres.js';
import { legacyToken } from '../support/tokens.js';
import { postgresStore } from '../transport/typeorm/support/stores.js';
import { storeOf } from './support/sql-nodes.js';

const TOPIC = 'https://example.com/1';
const KIB = 1024;
const MIB = 1024 * KIB;
/** From what PostgreSQL would not take as a notification upwards, around pages and powers of two. */
const LADDER = [8001, 8192, 64 * KIB - 1, MIB, 10 * MIB];

/** Text of so many bytes that looks alike nowhere, in lines and with characters beyond ASCII. */
function textOf(bytes: number): string {
  const lines = randomBytes(Math.ceil(bytes * 0.75))
    .toString('base64')
    .match(/.{1,1000}/gs)!
    .join('é\n');
  const cut = Buffer.from(lines)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/[é\uFFFD\n]*$/, '');
  return cut.padEnd(cut.length + bytes - Buffer.byteLength(cut), '.');
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Everything that is sent on a log's channel, as any client hears it. */
async function listenTo(url: string): Promise<string[]> {
  const schema = new URL(url).searchParams.get('options')!.split('=')[1]!;
  const client = new pg.Client({ connectionString: POSTGRES_URL });
  const payloads: string[] = [];
  client.on('notification', ({ payload }) => payloads.push(payload ?? ''));
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`LISTEN mercure_${numberOf(schema, 'mercure_')}`);
  return payloads;
}

async function hubOn(url: string): Promise<HubApp> {
  const limits = { maxBodyBytes: 32 * MIB, maxBufferedBytes: 32 * MIB };
  const hub = await createHubApp({ options: { transport: typeOrm({ url }), ...limits } });
  onTestFinished(() => hub.close());
  return hub;
}

describe.skipIf(!(await postgresAnswers('large payloads over PostgreSQL')))(
  'Two hubs on one PostgreSQL',
  () => {
    it('deliver payloads of 8,001 bytes to 10 MiB whole on the other one, and a notification weighs under 200 bytes', async () => {
      const { url } = await storeOf(postgresStore);
      const [one, other] = [await hubOn(url), await hubOn(url)];
      const payloads = await listenTo(url);
      const token = await legacyToken({ publish: ['*'] });
      const stream = await open(other.url, { query: { topic: TOPIC } });
      const sent = new Map(LADDER.map((bytes) => [`b${bytes}`, textOf(bytes)]));
      for (const [id, data] of sent) {
        expect(Buffer.byteLength(data)).toBe(Number(id.slice(1)));
        expect(await publish(one.url, token, { topic: TOPIC, id, data })).toMatchObject({ status: 200 });
      }
      await publish(one.url, token, { topic: TOPIC, id: 'end' });
      const followed = await stream.body.waitFor('id: end\n');
      const replay = await open(other.url, { query: { topic: TOPIC, lastEventID: 'earliest' } });
      const replayed = await replay.body.waitFor('id: end\n');
      for (const text of [followed, replayed]) {
        const heard = eventsOf(text).filter(({ id }) => sent.has(id!));
        expect(heard.map(({ id, data }) => [id, hashOf(data)])).toEqual(
          [...sent].map(([id, data]) => [id, hashOf(data)]),
        );
      }
      stream.abort();
      replay.abort();
      expect(payloads.length, 'the other one was rung for').toBeGreaterThan(0);
      expect(Math.max(...payloads.map((payload) => Buffer.byteLength(payload)))).toBeLessThan(200);
    });
  },
);
