import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { MercureModule, MercureService } from 'nestjs-mercure';
import { answerCalls } from '../process/calls.js';
import { transportAt } from '../server/hub.js';
import { idOf, topicOf } from '../wire/load.js';
import { payload } from '../wire/payload.js';

const AT_ONCE = 2000;

const handlers = {
  /** Stores updates of one topic, whose ids tell their sequence. */
  fill: async ({
    store,
    count,
    ids,
    dataBytes,
  }: {
    store: string;
    count: number;
    ids: string;
    dataBytes: number;
  }) => {
    const options = { anonymous: true, transport: transportAt(store) };
    const app = await NestFactory.createApplicationContext(MercureModule.forRoot(options), { logger: false });
    const service = app.get(MercureService);
    const topic = topicOf(0);
    for (let done = 0; done < count; done += AT_ONCE) {
      const updates = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, nth) => {
        const sequence = done + nth;
        const data = payload({ sequence, publisher: 0, topic: 0 }, dataBytes);
        return { topic, data, id: idOf(ids, sequence) };
      });
      await service.publishMany(updates);
    }
    await app.close();
  },
};

export type FillHandlers = typeof handlers;
answerCalls(handlers);
