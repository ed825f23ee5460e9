import { DataSource, type DataSourceOptions } from 'typeorm';
import type { BroadcastDefaults } from '../../../src/broadcast/broadcast-options.js';
import { EntityBroadcaster } from '../../../src/broadcast/entity-broadcaster.js';
import type { OutboxHub } from '../../../src/broadcast/outbox/outbox-hub.js';
import type { BroadcastTarget } from '../../../src/broadcast/broadcast.service.js';
import { PostgresTriggerBroadcast } from '../../../src/broadcast/trigger/postgres-trigger-broadcast.js';
import { outboxHub } from '../../../src/mercure.broadcasts.js';
import { memory } from '../../../src/transport/memory-transport.js';
import type { Transport } from '../../../src/transport/transport.js';
import { createUpdate } from '../../../src/update/create-update.js';
import type { Update } from '../../../src/update/update.js';
import { idGenerator } from '../../../src/update/update-id.js';
import { startHub } from '../../hub/support.js';
import { PUBLIC_URL, RecordingLogger, RecordingPublisher, tell } from '../recording.js';

/** A hub, and a broadcaster of entities that are told by triggers. */
export interface TriggerApp {
  readonly broadcaster: EntityBroadcaster;
  readonly logger: RecordingLogger;
  /** What the hub accepted, in order. */
  readonly accepted: Update[];
  /** What is told by events, in memory. */
  readonly byEvents: RecordingPublisher;
  /** What the hub does before it takes what the leader publishes: nothing, unless a test says otherwise. */
  before: (updates: readonly Update[]) => void | Promise<void>;
  /** What happens between its taking them and its answer. */
  after: (updates: readonly Update[]) => void | Promise<void>;
  /** What was accepted when everything committed so far has been, as lines: `/books/1 title`. */
  told(): Promise<string[]>;
  close(): Promise<void>;
}

export interface TriggerAppOptions extends Pick<BroadcastDefaults, 'bulk'> {
  readonly transport?: Transport;
  readonly prefix?: string;
}

export async function startTriggerApp(
  dataSource: DataSource,
  { transport = memory(), prefix = 'mercure_', bulk }: TriggerAppOptions = {},
): Promise<TriggerApp> {
  const hub = await startHub({ transport });
  const logger = new RecordingLogger();
  const byEvents = new RecordingPublisher();
  const accepted: Update[] = [];
  hub.updates$.subscribe((each) => accepted.push(each));
  const generateId = idGenerator('uuidv7');
  const real = outboxHub(hub, { transport }, (input) => createUpdate(input, generateId));
  const port: OutboxHub = {
    ...real,
    started: () => Promise.resolve(),
    async publish(updates) {
      await app.before(updates);
      await real.publish(updates);
      await app.after(updates);
    },
  };
  const broadcaster = new EntityBroadcaster({
    publisher: byEvents,
    logger,
    publicUrl: PUBLIC_URL,
    bulk,
    triggers: { hub: port, prefix },
  });
  const app: TriggerApp = {
    broadcaster,
    logger,
    accepted,
    byEvents,
    before: () => undefined,
    after: () => undefined,
    async told() {
      await broadcaster.flush();
      return accepted.map(({ topics, data }) => tell({ topic: topics, data }));
    },
    async close() {
      await broadcaster.close();
      dataSource.subscribers.length = 0;
      await hub.shutdown(0);
    },
  };
  try {
    broadcaster.attach(dataSource);
    await broadcaster.open(dataSource);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

/** What a migration of the application does. */
export async function migrate(
  dataSource: DataSource,
  direction: 'up' | 'down',
  entities: readonly BroadcastTarget<object>[],
  options?: { prefix: string },
): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await new PostgresTriggerBroadcast(entities, options)[direction](runner);
  } finally {
    await runner.release();
  }
}

/** Another process's DataSource, as far as the database can tell. */
export function another(options: DataSourceOptions): Promise<DataSource> {
  return new DataSource({ ...options, synchronize: false, dropSchema: false }).initialize();
}
