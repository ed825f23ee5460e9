import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { MercureModule, MercureService } from 'nestjs-mercure';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { answerCalls } from '../process/calls.js';
import { topicOf } from '../wire/load.js';
import { DATA_BYTES, payload } from '../wire/payload.js';

/** Publications between two turns of the event loop, in which the hub does what it does afterwards. */
const PER_TURN = 100;

const handlers = {
  /** CPU of a publication that nobody follows, everything it causes included. Nanoseconds. */
  measure: async (count: number) => {
    const options = { anonymous: true };
    const app = await NestFactory.createApplicationContext(MercureModule.forRoot(options), { logger: false });
    const service = app.get(MercureService);
    await publish(service, count);
    globalThis.gc!();
    const before = process.cpuUsage();
    await publish(service, count);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / count;
  },
};

async function publish(service: MercureService, count: number): Promise<void> {
  const data = payload({ sequence: 0, publisher: 0, topic: 0 }, DATA_BYTES);
  const topic = topicOf(0);
  for (let index = 0; index < count; index++) {
    await service.publish({ topic, data });
    if (index % PER_TURN === 0) await endOfTurn();
  }
}

export type InProcessHandlers = typeof handlers;
answerCalls(handlers);
