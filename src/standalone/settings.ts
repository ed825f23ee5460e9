import type { Algorithm, IssuerOptions, MercureOptions } from '../options/mercure-options.js';
import type { ListenAddress } from './listen-address.js';

/** Options that one variable sets as they are. */
type DirectOptions = Pick<
  MercureOptions,
  | 'publicUrl'
  | 'protocol'
  | 'trustedIssuers'
  | 'issuers'
  | 'resourceIdentifier'
  | 'publicUrls'
  | 'anonymous'
  | 'subscriptions'
  | 'cookieName'
  | 'publicUpdates'
  | 'corsOrigins'
  | 'publishOrigins'
  | 'heartbeatMs'
  | 'maxLifetimeMs'
  | 'dispatchTimeoutMs'
  | 'maxConnections'
  | 'maxConnectionsPerClient'
  | 'maxBodyBytes'
  | 'shutdownSpreadMs'
>;

/** What the environment says, value by value: nothing is combined, and nothing filled in. */
export interface Settings extends DirectOptions {
  issuers?: readonly IssuerOptions[];

  publisherKey?: string;
  publisherAlgorithm?: Algorithm;
  publisherJwksUrl?: string;
  subscriberKey?: string;
  subscriberAlgorithm?: Algorithm;
  subscriberJwksUrl?: string;

  port?: number;
  bindAddress?: ListenAddress;
  siteAddress?: ListenAddress;
  certFile?: string;
  keyFile?: string;
  readTimeoutMs?: number;
  readHeaderTimeoutMs?: number;

  transportUrl?: string;
  idempotency?: boolean;
  idempotencyAgeMs?: number;
  idempotencyCount?: number;
  retain?: boolean;
  retainedTopics?: number;
  workers?: number;
  forwardedHeaders?: boolean;
  acmeHosts?: readonly string[];
  directives?: string;
}

/** Which variable each setting came from, for messages. */
export type Sources = ReadonlyMap<keyof Settings, string>;
