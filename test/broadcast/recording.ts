import type { UpdatePublisher } from '../../src/broadcast/broadcast-port.js';
import { EntityBroadcaster, type EntityBroadcasterOptions } from '../../src/broadcast/entity-broadcaster.js';
import type { BroadcastLogger } from '../../src/broadcast/fault-log.js';
import type { UpdateInput } from '../../src/update/update.js';

export const PUBLIC_URL = 'https://example.com';

/** Keeps what it is given, a batch for each call. */
export class RecordingPublisher implements UpdatePublisher {
  batches: UpdateInput[][] = [];
  /** What a hub does before it takes a batch: nothing, unless a test says that it waits or refuses. */
  before: (inputs: readonly UpdateInput[]) => void | Promise<void> = () => undefined;

  async publishAll(inputs: readonly UpdateInput[]): Promise<void> {
    await this.before(inputs);
    this.batches.push([...inputs]);
  }

  get updates(): UpdateInput[] {
    return this.batches.flat();
  }

  /** Each update in a line: `create /books/1 {"title":"a"}` without what every test would repeat. */
  get told(): string[] {
    return this.updates.map(tell);
  }
}

/** An update as a line: the path of its canonical topic, and `deleted` or the JSON of its data. */
export function tell({ topic, data }: UpdateInput): string {
  const path = String([topic].flat()[0]).replace(PUBLIC_URL, '');
  const payload = JSON.parse(data as string) as { deleted?: boolean; title?: string };
  return `${path} ${payload.deleted ? 'deleted' : (payload.title ?? '')}`.trim();
}

export class RecordingLogger implements BroadcastLogger {
  lines: string[] = [];

  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }

  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
}

/** A broadcaster whose every effect can be looked at. */
export function recordingBroadcaster(
  defaults: Omit<Partial<EntityBroadcasterOptions>, 'publisher' | 'logger'> = {},
): {
  broadcaster: EntityBroadcaster;
  publisher: RecordingPublisher;
  logger: RecordingLogger;
} {
  const publisher = new RecordingPublisher();
  const logger = new RecordingLogger();
  return {
    broadcaster: new EntityBroadcaster({ publicUrl: PUBLIC_URL, ...defaults, publisher, logger }),
    publisher,
    logger,
  };
}
