import type { Observable } from 'rxjs';
import type { Audience } from '../subscriber/audience.js';
import { Audiences } from '../subscriber/audiences.js';
import { Registry } from '../subscriber/registry.js';
import type { Sink } from '../sse/sink.js';
import { type CloseReason, Subscriber } from '../subscriber/subscriber.js';
import type { Subscription } from '../subscriber/subscription.js';
import { SubscriptionIndex } from '../topic/subscription-index.js';
import { sharesPresence } from '../transport/abilities.js';
import { closed } from '../transport/refusals.js';
import type { Cursor, StoredUpdate } from '../transport/transport.js';
import type { IdOrigin } from '../update/create-update.js';
import type { Update } from '../update/update.js';
import { atMost } from './at-most.js';
import { Beginnings } from './beginnings.js';
import { deadlinesOf } from './deadlines.js';
import { Dispatcher } from './dispatcher.js';
import { Health } from './health.js';
import type { HubOptions, SubscriptionRequest } from './hub-options.js';
import { Heartbeats } from './heartbeats.js';
import { Observers } from './observers.js';
import { Presence } from './presence.js';
import { runAtOnce, Slices } from './slices.js';
import { spread } from './spread.js';
import { overloaded, store } from './store.js';
import { sweep, sweepPeriodMs } from './sweep.js';

/**
 * The one door of the hub: every update comes in by `publish` (or from another node by the transport), every
 * listener by `register` and `begin`. Knows nothing of HTTP and nothing of the ORM.
 */
export class Hub {
  private readonly observers = new Observers();
  private readonly registry: Registry;
  private readonly audiences: Audiences;
  private readonly dispatcher: Dispatcher;
  private readonly heartbeats: Heartbeats;
  private readonly presence: Presence | undefined;
  /** Of everything but dispatching, which has its own: neither may starve the other. */
  private readonly slices = new Slices();
  private readonly beginnings: Beginnings;
  private readonly health: Health;
  private sweeper: NodeJS.Timeout | undefined;
  private sweeping = false;
  private awaited: { readonly written: Promise<void>; readonly bounded: Promise<void> } | undefined;
  private state: 'open' | 'closing' | 'closed' = 'open';
  private ending: Promise<void> | undefined;

  constructor(private readonly options: HubOptions) {
    const index = new SubscriptionIndex<Audience>({
      base: options.hubUrl.href,
      maxUnits: options.maxPatterns,
    });
    this.audiences = new Audiences(index);
    this.registry = new Registry(options);
    this.dispatcher = new Dispatcher(this.audiences, {
      maxBufferedBytes: options.maxBufferedBytes,
      gapEvents: options.gapEvents,
      onFault: options.onFault,
      close: (subscriber, reason) => this.close(subscriber, reason),
    });
    this.heartbeats = new Heartbeats(this.dispatcher);
    this.beginnings = new Beginnings(options, this.dispatcher, this.heartbeats, this.slices);
    const { tellSubscription: tell, hubUrl, transport, onFault } = options;
    const append = (events: readonly Update[]) => transport.append(events, 'presence');
    this.presence = tell && new Presence({ hubUrl, tell, append, onFault });
    this.health = new Health(transport);
  }

  async start(): Promise<void> {
    const { transport } = this.options;
    const start = await transport.start({
      appended: (batch) => this.accept(batch),
      gap: (position, newest) => {
        this.beginnings.forget();
        this.dispatcher.acceptGap(position, newest);
      },
    });
    this.dispatcher.startAt(start);
    if (sharesPresence(transport)) this.presence?.share((listener) => transport.openPresence(listener));
    this.sweeper = setInterval(() => void this.sweep(), sweepPeriodMs(this.options)).unref();
  }

  /** Everything accepted, of every node, in the transport's order; completes when the hub shuts down. */
  get updates$(): Observable<Update> {
    return this.observers.updates$;
  }

  /** The newest id that is dispatched: whoever resumes from it gets everything after. Undefined: there is none. */
  get lastEventId(): string | undefined {
    return this.dispatcher.lastEventId;
  }

  /**
   * Whether publications would be taken now; tells within two seconds. Streams that are open stay so either way.
   *
   * @throws MercureError TRANSPORT_UNAVAILABLE, HUB_CLOSED (503)
   */
  async checkHealth(): Promise<void> {
    if (!this.ending) await this.health.check();
    if (this.ending) throw closed();
  }

  get connections(): number {
    return this.registry.size;
  }

  /**
   * Who is subscribed to what, now, on all nodes; empty where that is not told.
   *
   * @throws MercureError TRANSPORT_UNAVAILABLE (503)
   */
  async subscriptions(): Promise<Subscription[]> {
    return this.presence?.list() ?? [];
  }

  /**
   * Validates and stores updates, all or none. Resolves when they are stored as the transport's durability says.
   *
   * @param ids `made`: for this call, so that nobody can send them again
   * @throws MercureError what `validate` throws; ID_CONFLICT (409); HUB_OVERLOADED, HUB_CLOSED, TRANSPORT_UNAVAILABLE (503)
   */
  publish(updates: readonly Update[], ids: IdOrigin = 'given'): Promise<void> {
    return this.state === 'closed' ? Promise.reject(closed()) : this.publishCommitted(updates, ids);
  }

  /**
   * `publish` for what a database has committed: requests commit until the server is closed, which is after the streams
   * have ended. Clients who come back to another node, or after the restart, must find it.
   *
   * @throws MercureError what `validate` throws; ID_CONFLICT (409); HUB_OVERLOADED, TRANSPORT_UNAVAILABLE (503)
   */
  async publishCommitted(updates: readonly Update[], ids: IdOrigin = 'given'): Promise<void> {
    this.check(updates);
    if (this.dispatcher.overloaded) throw overloaded();
    await store(this.options, updates, ids);
  }

  /** Refuses what `publish` would refuse for what it is. @throws MercureError what `validate` throws */
  check(updates: readonly Update[]): void {
    for (const update of updates) this.options.validate(update);
  }

  /**
   * Back-pressure for publishers: resolves when this node has written what is stored so far, after a second at the
   * latest. It never rejects; undefined where there is nothing to wait for.
   *
   * @param updates what was published
   */
  settled(updates: readonly Update[]): Promise<void> | undefined {
    const written = this.state === 'open' ? this.dispatcher.settled(updates) : undefined;
    if (!written) return undefined;
    // One timer for all who wait for the same flush.
    if (this.awaited?.written !== written) this.awaited = { written, bounded: atMost(written, 1000) };
    return this.awaited.bounded;
  }

  /**
   * Makes a subscriber and holds its audience; `begin` starts its stream, `leave` gives it back.
   *
   * @throws MercureError MATCHER_INVALID (400), TOO_MANY_CONNECTIONS, TOO_MANY_PATTERNS (429), HUB_CLOSED (503)
   */
  async register(request: SubscriptionRequest): Promise<Subscriber> {
    this.checkRoom(request);
    return this.enroll(request, await this.slices.run(this.audienceOf(request)));
  }

  /** The same at once, for the application itself. */
  registerNow(request: SubscriptionRequest): Subscriber {
    this.checkRoom(request);
    return this.enroll(request, runAtOnce(this.audienceOf(request)));
  }

  private audienceOf({ matchers, grants }: SubscriptionRequest): Generator<void, Audience, void> {
    return this.audiences.hold(matchers, grants.subscribe);
  }

  private checkRoom({ bounded, client }: SubscriptionRequest): void {
    if (this.state !== 'open') throw closed();
    if (bounded) this.registry.checkRoomFor(client);
  }

  private enroll(request: SubscriptionRequest, audience: Audience): Subscriber {
    const { endsAt, expiresAt } = deadlinesOf(request, this.options.maxLifetimeMs);
    const subscriber = new Subscriber(
      audience,
      request.wishes ?? [],
      request.grants,
      request.client,
      endsAt,
      expiresAt,
    );
    try {
      // Again: others may have come, and the hub may have closed, while the audience was made.
      this.checkRoom(request);
      this.registry.add(subscriber, request.bounded);
    } catch (error) {
      this.audiences.release(audience);
      throw error;
    }
    return subscriber;
  }

  /** Where a requested id stands; undefined while the transport cannot say. */
  locate(requested: string): Promise<Cursor | undefined> {
    return this.beginnings.locate(requested);
  }

  /** Starts a registered subscriber's stream. */
  begin(subscriber: Subscriber, sink: Sink, requested?: string, cursor?: Cursor): void {
    const now = performance.now();
    subscriber.sink = sink;
    subscriber.lastSentAt = now;
    subscriber.progressAt = now;
    if (this.state !== 'open') {
      this.close(subscriber, 'shutdown');
      return;
    }
    this.endBeforeNextSweep(subscriber, now);
    this.beginnings.begin(subscriber, requested, cursor).catch(this.options.onFault);
    this.presence?.arrived(subscriber);
  }

  /** The listener went away by itself. */
  leave(subscriber: Subscriber): void {
    this.close(subscriber, 'left');
  }

  /**
   * Ends every stream, at once or spread over `spreadMs`. What was accepted before is written first. No subscriber is
   * taken on any more; publishing goes on until the streams have ended.
   */
  endStreams(spreadMs: number): Promise<void> {
    return (this.ending ??= this.end(spreadMs));
  }

  /** The same, then ends the transport. */
  async shutdown(spreadMs: number): Promise<void> {
    await this.endStreams(spreadMs);
    await this.options.transport.close();
  }

  private async end(spreadMs: number): Promise<void> {
    const written = this.dispatcher.allSettled();
    if (written) await atMost(written, 1000);
    this.state = 'closing';
    await spread([...this.registry], spreadMs, (subscriber) => this.close(subscriber, 'shutdown'));
    // Where they cannot be told, the lease of this node ends, and another tells them.
    const told = this.presence?.settled();
    if (told) await atMost(told, 1000);
    this.state = 'closed';
    clearInterval(this.sweeper);
    this.observers.complete();
  }

  private accept(batch: readonly StoredUpdate[]): Promise<void> | undefined {
    this.dispatcher.accept(batch);
    this.observers.tell(batch);
    return this.dispatcher.overloaded ? this.dispatcher.allSettled() : undefined;
  }

  /** A stream that would be over before a sweep sees it gets the only timer a stream ever has. */
  private endBeforeNextSweep(subscriber: Subscriber, now: number): void {
    const left = subscriber.deadline - now;
    if (left > 2 * sweepPeriodMs(this.options)) return;
    setTimeout(() => this.close(subscriber, subscriber.endReason), Math.max(0, left - 20)).unref();
  }

  private async sweep(): Promise<void> {
    if (this.sweeping) return;
    this.sweeping = true;
    const close = (subscriber: Subscriber, reason: CloseReason) => this.close(subscriber, reason);
    const beat = (subscriber: Subscriber, now: number) => this.heartbeats.beat(subscriber, now);
    this.beginnings.forgetOld();
    await this.slices.run(sweep(this.registry, { ...this.options, close, beat })).catch(this.options.onFault);
    this.sweeping = false;
  }

  private close(subscriber: Subscriber, reason: CloseReason): void {
    if (subscriber.closed) return;
    if (reason !== 'left' && reason !== 'slow') this.heartbeats.beatLast(subscriber);
    subscriber.closed = reason;
    subscriber.audience.subscribers.delete(subscriber);
    this.registry.remove(subscriber);
    this.audiences.release(subscriber.audience);
    this.presence?.left(subscriber);
    if (reason === 'slow') {
      this.options.onSlow(subscriber);
      subscriber.sink?.destroy();
    } else if (reason !== 'left') {
      subscriber.sink?.end();
    }
  }
}
