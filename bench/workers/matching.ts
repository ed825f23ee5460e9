import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { memory, MercureModule, MercureService, type TopicsInput } from 'nestjs-mercure';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { answerCalls } from '../process/calls.js';

export type Kind = 'exact' | 'patterns';

/** CPU of one update that one audience among many is for. Microseconds. */
export interface MatchingCost {
  /** Of a topic that was never published to before. */
  readonly first: number;
  /** Of one that was. */
  readonly again: number;
}

let received = 0;

const handlers = {
  measure: async ({ kind, audiences, updates }: { kind: Kind; audiences: number; updates: number }) => {
    const service = await startService();
    for (let index = 0; index < audiences; index++) {
      service.subscribe(matcher(kind, index)).subscribe(() => received++);
      if (index % 1000 === 999) await endOfTurn();
    }
    // Spread over all there are, and none of them twice.
    const topics = Array.from({ length: updates }, (_, index) =>
      topic(Math.floor((index * audiences) / updates)),
    );
    const warm = topics.map((each) => `${each}-warm`);
    await publishAll(service, warm);
    globalThis.gc!();
    const first = await costOf(service, topics);
    const again = await costOf(service, topics);
    const expected = 2 * updates + (kind === 'patterns' ? updates : 0);
    if (received !== expected) throw new Error(`${received} deliveries where ${expected} were to come`);
    return { first, again } satisfies MatchingCost;
  },
};

function topic(index: number): string {
  return `https://example.com/tenants/${index}/orders/1`;
}

function matcher(kind: Kind, index: number): TopicsInput {
  return kind === 'exact' ? topic(index) : { urlPattern: `https://example.com/tenants/${index}/orders/:id` };
}

async function costOf(service: MercureService, topics: readonly string[]): Promise<number> {
  const before = process.cpuUsage();
  await publishAll(service, topics);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / topics.length;
}

/** One after another, each in a flush of its own. */
async function publishAll(service: MercureService, topics: readonly string[]): Promise<void> {
  for (const each of topics) {
    await service.publish({ topic: each, data: 'x' });
    await endOfTurn();
  }
}

async function startService(): Promise<MercureService> {
  const options = { anonymous: true, transport: memory(), maxPatterns: 0 };
  const app = await NestFactory.createApplicationContext(MercureModule.forRoot(options), { logger: false });
  return app.get(MercureService);
}

export type MatchingHandlers = typeof handlers;
answerCalls(handlers);
