import { randomBytes } from 'node:crypto';
import {
  Inject,
  Injectable,
  type INestApplicationContext,
  type OnApplicationShutdown,
  Optional,
} from '@nestjs/common';
import { BroadcastService } from '../broadcast/broadcast.service.js';
import { MercureError } from '../errors.js';
import { Hub } from '../hub/hub.js';
import { createHub } from '../mercure.hub.js';
import { MercureService } from '../mercure.service.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.js';
import type { Update } from '../update/update.js';

/**
 * A `MercureService` for tests, which keeps what was published. In place of an application's own, as `recordMercure()`
 * puts it, it keeps what its hub accepts: what code published, what came over HTTP, and what entities told. Where there
 * is no hub, in the test of a provider alone, it has one of its own in memory, with keys of its own: what the real one
 * refuses, it refuses.
 *
 * ```ts
 * const mercure = new RecordingMercure();
 * await new Doors(mercure).open('1');
 * expect(mercure.dataOf('https://example.com/doors/1')).toEqual([{ open: true }]);
 * ```
 */
@Injectable()
export class RecordingMercure extends MercureService implements OnApplicationShutdown {
  readonly #updates: Update[] = [];
  readonly #broadcasts: BroadcastService | undefined;
  readonly #own: Hub | undefined;

  /** Nest gives what the application has. */
  constructor(
    @Optional() @Inject(Hub) given?: Hub,
    @Optional() @Inject(MERCURE_OPTIONS) options: ResolvedOptions = ownOptions(),
    @Optional() @Inject(BroadcastService) broadcasts?: BroadcastService,
  ) {
    const hub = given ?? createHub(options);
    super(hub, options);
    this.#broadcasts = broadcasts;
    this.updates$.subscribe((update) => this.#updates.push(update));
    if (given) return;
    this.#own = hub;
    // In memory it never fails, and what is appended meanwhile is dispatched after it.
    void hub.start();
  }

  /**
   * That of an application.
   *
   * @throws MercureError OPTIONS_INVALID where it has another `MercureService`
   */
  static of(app: Pick<INestApplicationContext, 'get'>): RecordingMercure {
    const found: unknown = app.get(MercureService);
    if (found instanceof RecordingMercure) return found;
    const remedy = 'Put it there: recordMercure(Test.createTestingModule({ … })).';
    throw new MercureError('OPTIONS_INVALID', 500, `There is no RecordingMercure. ${remedy}`, remedy);
  }

  /** What was published since it was made, or cleared, in order. */
  get updates(): readonly Update[] {
    return [...this.#updates];
  }

  /** The data of what was published on a topic, in order: JSON as what it says, everything else as it is. */
  dataOf(topic: string): unknown[] {
    return this.#updates.filter(({ topics }) => topics.includes(topic)).map(({ data }) => parsed(data));
  }

  /**
   * Resolves when what entities told by writes that have resolved before is here. With a transport other than `memory()`
   * it is stored then, and here when this process has read it.
   */
  async flush(): Promise<void> {
    await this.#broadcasts?.flush();
  }

  /** Forgets what was published so far. */
  clear(): void {
    this.#updates.length = 0;
  }

  /** Called by Nest. */
  async onApplicationShutdown(): Promise<void> {
    await this.#own?.shutdown(0);
  }
}

function ownOptions(): ResolvedOptions {
  const key = { key: randomBytes(32).toString('hex') };
  return resolveOptions({
    publicUrl: 'http://localhost',
    publisher: key,
    subscriber: key,
    anonymous: true,
  });
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return data;
  }
}
