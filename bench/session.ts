import type { ClientHandlers, Received } from './client/main.js';
import type { StreamsRequest } from './client/stream-request.js';
import type { Opened } from './client/streams.js';
import { type Cost, costOf } from './measure.js';
import { Child } from './process/child.js';
import type { Settings } from './settings.js';
import { startSystem, type System, type SystemName } from './systems.js';
import { type Load, PLAIN_LOAD } from './wire/load.js';
import { DATA_BYTES } from './wire/payload.js';

/** What a load cost its contestant until the last delivery, and how its deliveries arrived. */
export interface Delivered extends Received, Cost {
  readonly deliveries: number;
}

const LOAD: Load = { ...PLAIN_LOAD, count: 1, dataBytes: DATA_BYTES };

/** A contestant with a process of clients that check whatever they receive. */
export class Session {
  readonly client = Child.start<ClientHandlers>('client/main.js');
  private streams = 0;
  private paused = 0;
  private expected = 0;
  private loads = 0;

  private constructor(
    readonly system: System,
    private readonly profiles: string | undefined,
  ) {}

  /** Starts a contestant, and ends it when the work is done or has failed. */
  static async with<T>(
    name: SystemName,
    settings: Settings,
    work: (session: Session) => Promise<T>,
    options?: Parameters<typeof startSystem>[2],
  ): Promise<T> {
    const session = new Session(await startSystem(name, settings, options), settings.profiles);
    try {
      const result = await work(session);
      // A delivery too many may have come after all that were waited for.
      await session.client.call('close');
      return result;
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    } finally {
      await session.client.stop();
      await session.system.stop();
    }
  }

  /** Opens streams, all of them at once where nothing else is said of it. */
  async open(count: number, request: Partial<StreamsRequest> = {}): Promise<Opened> {
    this.streams = count;
    return this.client.call('open', {
      addresses: this.system.addresses,
      count,
      topics: 1,
      tokens: [],
      lastEventId: undefined,
      from: 0,
      publishers: 1,
      dataBytes: DATA_BYTES,
      atOnce: 100,
      ...request,
    });
  }

  /** The first `count` streams read nothing from now on, and nothing is expected to reach them. */
  async pause(count: number): Promise<void> {
    this.paused = count;
    await this.client.call('pause', count);
  }

  /** Waits for deliveries of what was published before. */
  async expect(deliveries: number): Promise<void> {
    this.expected += deliveries;
    await this.client.call('reach', { deliveries: this.expected });
  }

  /** Opens one stream and waits until it has been sent what it had missed. */
  async replay(missed: number, request: Partial<StreamsRequest>): Promise<Opened & Received> {
    this.expected += missed;
    await this.client.call('reset');
    const opened = await this.open(1, request);
    return { ...opened, ...(await this.client.call('reach', { deliveries: this.expected })) };
  }

  /** Publishes, and waits until every stream has everything. */
  async deliver(some: Partial<Load>): Promise<Delivered> {
    const load = { ...LOAD, ...some };
    const deliveries = load.count * ((this.streams - this.paused) / load.topics);
    this.expected += deliveries;
    await this.client.call('reset');
    const { result, ...cost } = await costOf(
      this.system,
      async () => {
        await this.system.run(load);
        return this.client.call('reach', { deliveries: this.expected, topics: load.topics });
      },
      this.profiles && `${this.profiles}/${this.system.name}-${this.loads++}.cpuprofile`,
    );
    return { ...result, ...cost, deliveries };
  }
}
