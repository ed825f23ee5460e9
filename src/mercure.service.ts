import { Inject, Injectable, type MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import { authorizationCookie } from './authorization/authorization-cookie.js';
import { createToken, type TokenRequest } from './authorization/create-token.js';
import { type Grants, NO_GRANTS } from './authorization/grants.js';
import { type DiscoveryHints, discoveryLink } from './http/discovery.js';
import { appendHeader } from './http/exchange.js';
import { Hub } from './hub/hub.js';
import { ObservableSink } from './hub/observable-sink.js';
import { MERCURE_OPTIONS } from './mercure.tokens.js';
import type { ResolvedOptions } from './options/resolve-options.js';
import { ALL } from './topic/matcher.js';
import { matchersOfInput, type TopicsInput } from './topic/topics-input.js';
import { createUpdate, idOrigin } from './update/create-update.js';
import { encryptData } from './update/encrypt-data.js';
import type { Update, UpdateInput } from './update/update.js';
import { idGenerator } from './update/update-id.js';

export interface SubscribeOptions {
  /** The id of the update to resume after; `earliest` for everything kept. Default: from now on. */
  lastEventId?: string;
  /** Private updates of these topics are delivered too: what a token would grant. Default: none. */
  grants?: TopicsInput;
  /** Every private update is delivered too: for code of the application itself, never for a client's stream. */
  trusted?: true;
}

/** The hub, for code of the application. Publishing and subscribing here need no token. */
@Injectable()
export class MercureService {
  private readonly generateId: () => string;

  constructor(
    @Inject(Hub) private readonly hub: Hub,
    @Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions,
  ) {
    this.generateId = idGenerator(options.generateId);
  }

  /**
   * Every update accepted, of every node, in order; completes when the hub shuts down. It carries private updates:
   * for trusted code, never for a client's stream.
   */
  get updates$(): Observable<Update> {
    return this.hub.updates$;
  }

  /**
   * Publishes an update; resolves with its id once it is stored as the transport's durability says, and this node
   * has written it to its subscribers or a second has passed.
   *
   * @throws MercureError UPDATE_INVALID, UPDATE_TOO_LARGE, TOPIC_MISSING, TOPIC_RESERVED, ID_CONFLICT; TRANSPORT_UNAVAILABLE,
   * HUB_OVERLOADED, HUB_CLOSED, after which it may be tried again
   */
  async publish(update: UpdateInput): Promise<string> {
    const made = createUpdate(update.encrypt ? await encryptData(update) : update, this.generateId);
    await this.hub.publish([made], idOrigin([update]));
    const settled = this.hub.settled([made]);
    if (settled) await settled;
    return made.id;
  }

  /** Publishes updates next to each other, all or, where one is invalid, none. Resolves with their ids, in order. */
  async publishMany(updates: readonly UpdateInput[]): Promise<string[]> {
    const encrypted = updates.some(({ encrypt }) => encrypt)
      ? await Promise.all(updates.map(encryptData))
      : updates;
    const made = encrypted.map((update) => createUpdate(update, this.generateId));
    await this.hub.publish(made, idOrigin(updates));
    await this.hub.settled(made);
    return made.map(({ id }) => id);
  }

  /**
   * Follows topics: a cold Observable of message events, usable as what a Nest `@Sse()` handler returns. Subscribing
   * to it starts the stream, unsubscribing ends it, and it completes when the hub shuts down. Public updates only,
   * unless told otherwise.
   *
   * @throws MercureError (on the Observable) MATCHER_INVALID, MATCHER_UNKNOWN, TOPIC_MISSING, HUB_CLOSED
   */
  subscribe(topics: TopicsInput, options: SubscribeOptions = {}): Observable<MessageEvent> {
    return new Observable((observer) => {
      const matchers = matchersOfInput(topics);
      const grants = { ...NO_GRANTS, subscribe: grantedBy(options) };
      const subscriber = this.hub.registerNow({ matchers, grants, client: 'application', bounded: false });
      this.hub.begin(subscriber, new ObservableSink(observer), options.lastEventId);
      return () => this.hub.leave(subscriber);
    });
  }

  /**
   * The id of the newest dispatched update, `earliest` where there is none yet. Taken before a resource is read from
   * the database, it is the cursor from which a client misses no change of what it read.
   */
  lastEventId(): string {
    return this.hub.lastEventId ?? 'earliest';
  }

  /**
   * Resolves where publications would be taken now, rejects within two seconds where they would not: for what an
   * orchestrator or load balancer asks (readiness). Streams stay open either way, and it is well again by itself.
   *
   * @throws MercureError TRANSPORT_UNAVAILABLE while the store of the updates is away or refuses them; HUB_CLOSED once
   * the application is shutting down
   */
  checkHealth(): Promise<void> {
    return this.hub.checkHealth();
  }

  /**
   * Makes a token with the application's own keys.
   *
   * @throws MercureError TOKEN_NOT_MINTABLE where no key of that role can sign, or the generation cannot say it
   */
  createToken(request: TokenRequest): Promise<string> {
    return createToken(request, this.options);
  }

  /**
   * Makes a token and sets it as the cookie that browsers send to the hub with `withCredentials`.
   *
   * @param response the adapter's response of a handler (`@Res({ passthrough: true })`)
   */
  async authorize(response: object, request: TokenRequest): Promise<void> {
    const token = await this.createToken(request);
    appendHeader(response, 'Set-Cookie', authorizationCookie(token, this.options));
  }

  /**
   * Tells a client where the hub is, as a `Link` of a handler's response (discovery), and what else it should know:
   * where to resume from, what the updates will be, where to find the keys that decrypt them.
   */
  discover(response: object, hints: DiscoveryHints = {}): void {
    appendHeader(response, 'Link', discoveryLink(this.options, hints));
  }
}

function grantedBy({ grants, trusted }: SubscribeOptions): Grants['subscribe'] {
  if (trusted) return [ALL];
  return grants === undefined ? [] : matchersOfInput(grants);
}
