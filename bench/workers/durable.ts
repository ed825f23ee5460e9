import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { MercureModule, MercureService } from 'nestjs-mercure';
import { randomUUID } from 'node:crypto';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { answerCalls } from '../process/calls.js';
import { transportAt } from '../server/hub.js';
import { ENGINES, type EngineName } from '../stores/engine.js';
import { openPlainTable, type PlainTable } from '../stores/plain-table.js';
import { prefixOf } from '../stores/prefix.js';
import { topicOf } from '../wire/load.js';
import { DATA_BYTES, payload } from '../wire/payload.js';

/** The hub, or a table in which every update is a transaction of its own. */
export type Way = 'hub' | 'transaction-each';

const topic = topicOf(0);
const data = payload({ sequence: 0, publisher: 0, topic: 0 }, DATA_BYTES);
let publish: () => Promise<unknown>;
let stored: () => Promise<number>;
let acknowledged = 0;

const handlers = {
  start: async ({ engine, hub, way }: { engine: EngineName; hub: string; way: Way }) => {
    const table = await openPlainTable(engine, hub);
    stored = () => table.count(`${prefixOf(hub)}${way === 'hub' ? 'update' : 'plain'}`);
    publish = way === 'hub' ? await publisherOf(engine, hub) : inserterOf(table);
  },
  /**
   * Publications acknowledged a second, by publishers of whom each publishes the next when the last is acknowledged.
   *
   * @throws Error where one was acknowledged and is not stored, or is stored twice
   */
  measure: async ({ publishers, ms }: { publishers: number; ms: number }) => {
    const before = acknowledged;
    const started = performance.now();
    await Promise.all(Array.from({ length: publishers }, () => publishUntil(started + ms)));
    const seconds = (performance.now() - started) / 1000;
    const rows = await stored();
    if (rows !== acknowledged) throw new Error(`${rows} updates are stored of ${acknowledged} acknowledged`);
    return (acknowledged - before) / seconds;
  },
};

async function publishUntil(end: number): Promise<void> {
  while (performance.now() < end) {
    await publish();
    if (++acknowledged % 100 === 0) await endOfTurn();
  }
}

async function publisherOf(engine: EngineName, hub: string): Promise<() => Promise<unknown>> {
  const options = { anonymous: true, transport: transportAt(ENGINES[engine].url(hub)) };
  const app = await NestFactory.createApplicationContext(MercureModule.forRoot(options), { logger: false });
  const service = app.get(MercureService);
  return () => service.publish({ topic, data });
}

function inserterOf(table: PlainTable): () => Promise<unknown> {
  const topics = JSON.stringify([topic]);
  return () => table.insert(`urn:uuid:${randomUUID()}`, topics, Buffer.from(data));
}

export type DurableHandlers = typeof handlers;
answerCalls(handlers);
