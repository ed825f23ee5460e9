import type { DataSource } from 'typeorm';
import { expect } from 'vitest';
import { EntityBroadcaster } from '../../../src/broadcast/entity-broadcaster.js';
import type { OutboxHub } from '../../../src/broadcast/outbox/outbox-hub.js';
import type { Hub } from '../../../src/hub/hub.js';
import { outboxHub } from '../../../src/mercure.broadcasts.js';
import { memory } from '../../../src/transport/memory-transport.js';
import type { Transport } from '../../../src/transport/transport.js';
import { typeOrm } from '../../../src/transport/typeorm/type-orm.js';
import { createUpdate } from '../../../src/update/create-update.js';
import type { Update } from '../../../src/update/update.js';
import { idGenerator } from '../../../src/update/update-id.js';
import { validateTopics, validateUpdate } from '../../../src/update/validate-update.js';
import { HANG_GUARD_MS } from '../../support/byte-log.js';
import { startHub, update } from '../../hub/support.js';
import { type DatabaseName, DATABASES } from '../databases.js';
import { PUBLIC_URL, RecordingLogger, tell } from '../recording.js';

/** `table`: the hub's log is elsewhere, and a relay carries the rows. `log`: the hub's log is in the same database. */
export type OutboxKind = 'table' | 'log';

/** Where an outbox can be. */
export const OUTBOXES: readonly (readonly [OutboxKind, DatabaseName])[] = DATABASES.flatMap((name) => [
  ['table', name] as const,
  ['log', name] as const,
]);

/** A hub and a broadcaster that delivers by outbox, whose every effect can be looked at. */
export interface OutboxApp {
  readonly hub: Hub;
  readonly broadcaster: EntityBroadcaster;
  readonly logger: RecordingLogger;
  /** What the hub accepted, in order. */
  readonly accepted: Update[];
  /** The batches in which a relay published, as lines. */
  readonly batches: string[][];
  /** What the hub does before it takes what a relay publishes: nothing, unless a test says otherwise. */
  before: (updates: readonly Update[]) => void | Promise<void>;
  /** What happens between its taking them and its answer. */
  after: () => void;
  /** What was accepted when everything committed so far has been, as lines: `/books/1 title`. */
  told(): Promise<string[]>;
  close(): Promise<void>;
}

export interface OutboxAppOptions {
  /** Default: the hub's log is in memory, or under `log` in the database. */
  readonly transport?: Transport;
  readonly prefix?: string;
  /** Default true. */
  readonly migrate?: boolean;
  readonly wrapAutocommit?: boolean;
}

const RULES = {
  hubUrl: new URL(`${PUBLIC_URL}/.well-known/mercure`),
  maxTopicBytes: 8192,
  maxBodyBytes: 1024 * 1024,
};

/** @param dataSource what is followed. @throws what refuses to start, when nothing of it is left */
export async function startOutboxApp(
  kind: OutboxKind,
  dataSource: DataSource,
  options: OutboxAppOptions = {},
): Promise<OutboxApp> {
  const { prefix = 'mercure_', migrate = true, wrapAutocommit = false } = options;
  const transport = options.transport ?? (kind === 'table' ? memory() : typeOrm({ dataSource, migrate }));
  const hub = await startHub({
    transport,
    validate: (each) => {
      validateTopics(each.topics, RULES);
      validateUpdate(each, RULES);
    },
  });
  const logger = new RecordingLogger();
  const accepted: Update[] = [];
  hub.updates$.subscribe((each) => accepted.push(each));
  const generateId = idGenerator('uuidv7');
  const real = outboxHub(hub, { transport }, (input) => createUpdate(input, generateId));
  const batches: string[][] = [];
  const port: OutboxHub = {
    ...real,
    started: () => Promise.resolve(),
    async publish(updates) {
      await app.before(updates);
      await real.publish(updates);
      app.after();
      batches.push(updates.map(lineOf));
    },
  };
  const broadcaster = new EntityBroadcaster({
    publisher: { publishAll: () => Promise.reject(new Error('Nothing is handed over in memory')) },
    logger,
    publicUrl: PUBLIC_URL,
    outbox: { hub: port, prefix, migrate, wrapAutocommit },
  });
  let fences = 0;
  const app: OutboxApp = {
    hub,
    broadcaster,
    logger,
    accepted,
    batches,
    before: () => undefined,
    after: () => undefined,
    async told() {
      await broadcaster.flush();
      const fence = `fence-${++fences}`;
      await hub.publish([update(fence, { data: 'fence' })]);
      await expect.poll(() => accepted.at(-1)?.id, { timeout: HANG_GUARD_MS }).toBe(fence);
      return accepted.filter(({ id }) => !id.startsWith('fence-')).map(lineOf);
    },
    async close() {
      await broadcaster.close();
      dataSource.subscribers.length = 0;
      await hub.shutdown(0);
    },
  };
  broadcaster.attach(dataSource);
  try {
    await broadcaster.open(dataSource);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

function lineOf({ topics, data }: Update): string {
  return tell({ topic: topics, data });
}
