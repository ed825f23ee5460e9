import { EntityBroadcaster } from '../../../src/broadcast/entity-broadcaster.js';
import type { OutboxHub } from '../../../src/broadcast/outbox/outbox-hub.js';
import type { Hub } from '../../../src/hub/hub.js';
import { outboxHub } from '../../../src/mercure.broadcasts.js';
import { memory } from '../../../src/transport/memory-transport.js';
import type { Transport } from '../../../src/transport/transport.js';
import { createUpdate } from '../../../src/update/create-update.js';
import type { Update } from '../../../src/update/update.js';
import { idGenerator } from '../../../src/update/update-id.js';
import { validateTopics, validateUpdate } from '../../../src/update/validate-update.js';
import { startHub } from '../../hub/support.js';
import { PUBLIC_URL, RecordingLogger, tell } from '../recording.js';

/** A hub and a broadcaster that delivers by outbox, whose every effect can be looked at. */
export interface OutboxApp {
  readonly hub: Hub;
  readonly broadcaster: EntityBroadcaster;
  readonly logger: RecordingLogger;
  /** What the hub accepted, in order. */
  readonly accepted: Update[];
  /** The same as lines: `/books/1 title`. */
  readonly told: string[];
  /** The batches in which the relay published. */
  readonly batches: string[][];
  /** What the hub does before it takes what the relay publishes: nothing, unless a test says otherwise. */
  before: (updates: readonly Update[]) => void | Promise<void>;
  close(): Promise<void>;
}

export interface OutboxAppOptions {
  readonly transport?: Transport;
  readonly prefix?: string;
  readonly migrate?: boolean;
}

const RULES = { hubUrl: new URL(`${PUBLIC_URL}/.well-known/mercure`), maxTopicBytes: 8192 };

export async function startOutboxApp({
  transport = memory(),
  prefix = 'mercure_',
  migrate = true,
}: OutboxAppOptions = {}): Promise<OutboxApp> {
  const hub = await startHub({
    transport,
    validate: (update) => {
      validateTopics(update.topics, RULES);
      validateUpdate(update, RULES);
    },
  });
  const logger = new RecordingLogger();
  const accepted: Update[] = [];
  hub.updates$.subscribe((update) => accepted.push(update));
  const generateId = idGenerator('uuidv7');
  const real = outboxHub(hub, { transport }, (input) => createUpdate(input, generateId));
  const batches: string[][] = [];
  const port: OutboxHub = {
    ...real,
    async publish(updates) {
      await app.before(updates);
      await real.publish(updates);
      batches.push(updates.map(lineOf));
    },
  };
  const broadcaster = new EntityBroadcaster({
    publisher: { publishAll: () => Promise.reject(new Error('Nothing is handed over in memory')) },
    logger,
    publicUrl: PUBLIC_URL,
    outbox: { hub: port, prefix, migrate },
  });
  const app: OutboxApp = {
    hub,
    broadcaster,
    logger,
    accepted,
    get told() {
      return accepted.map(lineOf);
    },
    batches,
    before: () => undefined,
    async close() {
      await broadcaster.close();
      await hub.shutdown(0);
    },
  };
  return app;
}

function lineOf({ topics, data }: Update): string {
  return tell({ topic: topics, data });
}
