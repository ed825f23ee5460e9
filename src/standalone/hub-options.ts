import { isDeepStrictEqual } from 'node:util';
import type { MercureOptions, VerificationKey } from '../options/mercure-options.js';
import type { Settings, Sources } from './settings.js';
import { startError } from './start-error.js';

const HUB_PATH = '/.well-known/mercure';
const DEFAULT_ISSUERS = ['https://localhost'];

/**
 * The options of the hub, the transport apart, which is opened later. What a standalone hub does otherwise than a
 * module: it trusts the issuer its documentation's tokens have, and ends its streams over three seconds.
 *
 * @throws MercureError OPTIONS_INVALID where variables contradict each other, or nobody could subscribe
 */
export function hubOptions(settings: Settings, sources: Sources): MercureOptions {
  const publisher = keyOf('publisher', settings, sources);
  const ownKey = keyOf('subscriber', settings, sources);
  // One value for one key, so that what is wrong with it is told once.
  const subscriber = isDeepStrictEqual(publisher, ownKey) ? publisher : ownKey;
  const { anonymous, issuers = [] } = settings;
  if (!anonymous && !subscriber && !issuers.some((issuer) => issuer.subscriber)) {
    throw startError(
      'Nobody could subscribe: there is no key to verify tokens with, and anonymous subscribers are off',
      'Set MERCURE_SUBSCRIBER_JWT_KEY (and MERCURE_PUBLISHER_JWT_KEY to publish) to a secret of 32 bytes or more, ' +
        'the one your application signs its tokens with; or MERCURE_ANONYMOUS=1.',
    );
  }
  // An issuer that is given keys of its own is not trusted with the hub's as well.
  const named = issuers.map(({ issuer }) => issuer);
  return {
    path: HUB_PATH,
    publisher,
    subscriber,
    trustedIssuers: settings.trustedIssuers ?? DEFAULT_ISSUERS.filter((name) => !named.includes(name)),
    issuers,
    publicUrl: baseOf(settings.publicUrl),
    resourceIdentifier: settings.resourceIdentifier,
    publicUrls: settings.publicUrls,
    anonymous,
    subscriptions: settings.subscriptions,
    protocol: settings.protocol,
    publicUpdates: settings.publicUpdates,
    corsOrigins: settings.corsOrigins,
    publishOrigins: settings.publishOrigins,
    cookieName: settings.cookieName,
    heartbeatMs: settings.heartbeatMs,
    maxLifetimeMs: settings.maxLifetimeMs,
    dispatchTimeoutMs: settings.dispatchTimeoutMs,
    maxBodyBytes: settings.maxBodyBytes,
    maxConnections: settings.maxConnections,
    maxConnectionsPerClient: settings.maxConnectionsPerClient,
    shutdownSpreadMs: settings.shutdownSpreadMs ?? 3000,
    idempotency: settings.idempotency && {
      maxAgeMs: settings.idempotencyAgeMs,
      maxCount: settings.idempotencyCount,
    },
    retain: settings.retain && { maxTopics: settings.retainedTopics },
    broadcast: false,
  };
}

/** What works, and may not be what was meant. */
export function settingWarnings(settings: Settings, sources: Sources): string[] {
  const { forwardedHeaders, acmeHosts, publicUrl } = settings;
  const warnings = [];
  if (forwardedHeaders && !publicUrl) {
    warnings.push(
      `${sources.get('forwardedHeaders')} has no effect: anybody can send forwarded headers. Set MERCURE_PUBLIC_URL.`,
    );
  }
  if (acmeHosts) {
    warnings.push(
      `${sources.get('acmeHosts')} has no effect: certificates are not fetched. Put Caddy in front, or set CERT_FILE and KEY_FILE.`,
    );
  }
  return warnings;
}

function keyOf(
  role: 'publisher' | 'subscriber',
  settings: Settings,
  sources: Sources,
): VerificationKey | undefined {
  const key = settings[`${role}Key`];
  const jwksUrl = settings[`${role}JwksUrl`];
  const algorithm = settings[`${role}Algorithm`];
  const algorithms = algorithm && [algorithm];
  if (key !== undefined && jwksUrl !== undefined) {
    throw startError(
      `${sources.get(`${role}Key`)} and ${sources.get(`${role}JwksUrl`)} are both set`,
      'Keep one of them.',
    );
  }
  if (key !== undefined) return { key, algorithms };
  return jwksUrl === undefined ? undefined : { jwksUrl, algorithms };
}

/** Applications are told the whole URL of the hub, and give it here as well. */
function baseOf(publicUrl: string | undefined): string | undefined {
  return publicUrl?.replace(/\/$/, '').replace(new RegExp(`${HUB_PATH.replaceAll('.', '\\.')}$`), '');
}
