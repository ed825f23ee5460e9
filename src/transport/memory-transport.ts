import { MercureError } from '../errors.js';
import type { Update } from '../update/update.js';
import type { OnceWindow, RetainsUpdates, StoresOnce } from './abilities.js';
import { closed } from './refusals.js';
import { RetainedUpdates } from './retained-updates.js';
import { StoredIds } from './stored-ids.js';
import { UpdateHistory } from './update-history.js';
import type { RingBounds } from './update-ring.js';
import type {
  AppendKind,
  Cursor,
  HistoryPage,
  Position,
  StartPoint,
  StoredUpdate,
  Transport,
  TransportListener,
} from './transport.js';

/** Bounds of the memory transport. */
export interface MemoryTransportOptions {
  /** Updates kept. Default 10,000; 0: none are kept, so that every cursor but the newest is a told gap. */
  maxUpdates?: number;
  /** Bytes kept, topics, ids and data counted as UTF-8. Default 64 MiB; 0: unbounded. */
  maxBytes?: number;
  /** Milliseconds an update is kept. Default 0: as long as the other bounds allow. */
  maxAgeMs?: number;
}

const BOUNDS: readonly string[] = [
  'maxUpdates',
  'maxBytes',
  'maxAgeMs',
] satisfies (keyof MemoryTransportOptions)[];

/**
 * The default transport: one process, history in a bounded ring. `durability: 'process'`: what it acknowledged is
 * gone with the process, and cursors from before are told as gaps.
 */
export function memory(options: MemoryTransportOptions = {}): MemoryTransport {
  const unknown = Object.keys(options).find((name) => !BOUNDS.includes(name));
  if (unknown !== undefined) throw invalid(`memory({ ${unknown} })`, `Its options are ${BOUNDS.join(', ')}.`);
  return new TransportInMemory({
    maxUpdates: bound('maxUpdates', options.maxUpdates, 10_000),
    maxBytes: bound('maxBytes', options.maxBytes, 64 * 1024 * 1024),
    maxAgeMs: bound('maxAgeMs', options.maxAgeMs, 0),
  });
}

function bound(name: keyof MemoryTransportOptions, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(`memory({ ${name} })`, 'Give a whole number of 0 or more, or leave it out for the default.');
}

function invalid(what: string, remedy: string): MercureError {
  return new MercureError('OPTIONS_INVALID', 500, `Invalid option ${what}. ${remedy}`, remedy);
}

/** What it may do besides. */
export type MemoryTransport = Transport & StoresOnce & RetainsUpdates;

class TransportInMemory implements MemoryTransport {
  readonly durability = 'process';
  private readonly history: UpdateHistory;
  private readonly storedIds = new StoredIds();
  private retained: RetainedUpdates | undefined;
  private listener: TransportListener | undefined;
  private closed = false;

  constructor(bounds: RingBounds) {
    this.history = new UpdateHistory(bounds);
  }

  start(listener: TransportListener): Promise<StartPoint> {
    this.listener = listener;
    return Promise.resolve({ position: this.history.newest() });
  }

  append(updates: readonly Update[], kind: AppendKind = 'update'): Promise<void> {
    if (this.closed) {
      return Promise.reject(closed());
    }
    const stored = updates.map((update) => this.history.push(update, kind));
    if (kind === 'update') this.retained?.keep(stored);
    void this.listener?.appended(stored);
    return Promise.resolve();
  }

  async appendOnce(updates: readonly Update[], window: OnceWindow): Promise<void> {
    if (this.closed) throw closed();
    await this.append(this.storedIds.take(updates, window));
  }

  retain({ maxTopics }: { readonly maxTopics: number }): void {
    this.retained = new RetainedUpdates(maxTopics);
  }

  latest(topics: readonly string[], until: Position): Promise<readonly StoredUpdate[]> {
    return Promise.resolve(this.retained?.latest(topics, Number(until)) ?? []);
  }

  locate(id: string): Promise<Cursor> {
    return Promise.resolve(this.history.locate(id));
  }

  earliest(): Promise<Position> {
    return Promise.resolve(this.history.earliest());
  }

  read(after: Position, until: Position): Promise<HistoryPage | undefined> {
    return Promise.resolve(this.history.read(after, until));
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
