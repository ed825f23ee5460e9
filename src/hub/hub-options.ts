import type { Grants } from '../authorization/grants.js';
import type { Subscriber } from '../subscriber/subscriber.js';
import type { Subscription, Wish } from '../subscriber/subscription.js';
import type { Matcher } from '../topic/matcher.js';
import type { OnceWindow } from '../transport/abilities.js';
import type { Transport } from '../transport/transport.js';
import type { Update } from '../update/update.js';

export interface HubOptions {
  readonly transport: Transport;
  /** Absolute URL of the hub. */
  readonly hubUrl: URL;
  /** @throws MercureError where the update may not be published */
  readonly validate: (update: Update) => void;
  /** Told of every subscriber the hub cut for being slow. */
  readonly onSlow: (subscriber: Subscriber) => void;
  /** Told of what must not happen: an error in the hub's own work, which goes on with the next update. */
  readonly onFault: (error: unknown) => void;
  readonly heartbeatMs: number;
  readonly maxLifetimeMs: number;
  readonly dispatchTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  readonly maxBufferedBytes: number;
  readonly maxPatterns: number;
  readonly gapEvents: boolean;
  /** What is published under an id of the publisher's is stored once within this window; the transport can. Undefined: again. */
  readonly idempotency?: OnceWindow | undefined;
  /** Of how many topics the newest update is kept for new streams; the transport can. Undefined: of none. */
  readonly retain?: { readonly maxTopics: number } | undefined;
  /** Writes the event that tells of a subscription; undefined: subscriptions are nobody's business. */
  readonly tellSubscription?: (subscription: Subscription, active: boolean) => Update;
}

/** What somebody asks for when subscribing. */
export interface SubscriptionRequest {
  readonly matchers: readonly Matcher[];
  /** The same as others are told of them; absent: they are not. */
  readonly wishes?: readonly Wish[];
  readonly grants: Grants;
  /** By what its connections are counted. */
  readonly client: string;
  /** False for subscribers inside the application, which have no lifetime and no bounds. */
  readonly bounded: boolean;
}
