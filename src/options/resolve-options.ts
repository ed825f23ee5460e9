import { MercureError } from '../errors.js';
import { type OnceWindow, retainsUpdates, storesOnce } from '../transport/abilities.js';
import { memory } from '../transport/memory-transport.js';
import { checkOption, OPTION_NAMES } from './check-option.js';
import type { MercureOptions } from './mercure-options.js';
import { nearestName } from './nearest-name.js';

/** Options without a default: absent means what their documentation says. */
type Unset = 'publicUrl' | 'publisher' | 'subscriber' | 'issuer' | 'resourceIdentifier';
/** Options that are off, or an object. */
type Switches = 'idempotency' | 'retain';

/** The options as the house uses them: checked, complete, frozen. */
export type ResolvedOptions = Readonly<
  Required<Omit<MercureOptions, Unset | Switches>> & Pick<MercureOptions, Unset>
> & {
  /** Undefined: off. */
  readonly idempotency: OnceWindow | undefined;
  /** Undefined: off. */
  readonly retain: { readonly maxTopics: number } | undefined;
  /** Absolute URL of the hub; under `publicUrl` where it is set, else on a host other options name, or a placeholder. */
  readonly hubUrl: URL;
};

const MIB = 1024 * 1024;

/**
 * Checks options and fills in the defaults, once.
 *
 * @throws MercureError OPTIONS_INVALID naming the option, the nearest known name where it is unknown, and the remedy
 */
export function resolveOptions(options: MercureOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalid('The options are no object', 'Return them from the factory of forRootAsync().');
  }
  for (const [name, value] of Object.entries(options)) {
    if (!OPTION_NAMES.includes(name as keyof MercureOptions)) {
      const nearest = nearestName(name, OPTION_NAMES);
      throw invalid(`Unknown option "${name}"`, nearest ? `Did you mean "${nearest.name}"?` : 'Remove it.');
    }
    const fault = value === undefined ? undefined : checkOption(name as keyof MercureOptions, value);
    if (fault) throw invalid(`Invalid option "${name}"`, `It must be ${fault}.`);
  }
  const path = options.path ?? '/.well-known/mercure';
  const resolved: ResolvedOptions = {
    protocol: 'both',
    trustedIssuers: [],
    issuers: [],
    publicUrls: [],
    anonymous: false,
    subscriptions: false,
    cookieName: '__Secure-mercure_access_token',
    publicUpdates: 'granted',
    corsOrigins: [],
    publishOrigins: [],
    heartbeatMs: 40_000,
    maxLifetimeMs: 600_000,
    dispatchTimeoutMs: 5_000,
    maxConnections: 0,
    maxConnectionsPerClient: 0,
    generateId: 'uuidv7',
    maxBodyBytes: MIB,
    maxBufferedBytes: MIB,
    maxPatterns: 10_000,
    maxTopicBytes: 8192,
    shutdownSpreadMs: 0,
    broadcast: {},
    gapEvents: true,
    ...withoutUndefined(options),
    path,
    issuer: options.issuer ?? options.publicUrl,
    transport: options.transport ?? memory(),
    idempotency: resolveSwitch(options.idempotency, { maxAgeMs: 3_600_000, maxCount: 100_000 }),
    retain: resolveSwitch(options.retain, { maxTopics: 10_000 }),
    hubUrl: hubUrlOf(path, options),
  };
  requireSubscribers(resolved);
  requireAbilities(resolved);
  return Object.freeze(resolved);
}

/**
 * The hub under the application's base URL, which may have a path of its own; where that is not set, on the host that
 * other options name.
 */
function hubUrlOf(path: string, { publicUrl, publicUrls, resourceIdentifier }: MercureOptions): URL {
  const other = [publicUrls?.[0], resourceIdentifier].find(
    (url) => url !== undefined && /^https?:/.test(url) && URL.canParse(url),
  );
  const base = publicUrl ?? (other === undefined ? 'http://localhost' : new URL(other).origin);
  return new URL(base.replace(/\/$/, '') + path);
}

/** Safe by default: a hub that would refuse every subscriber, or whose opening was forgotten, does not start. */
function requireSubscribers({ anonymous, subscriber, issuers }: ResolvedOptions): void {
  if (anonymous || subscriber || issuers.some((issuer) => issuer.subscriber)) return;
  throw invalid(
    'Nobody could subscribe: there is no key to verify tokens with, and anonymous subscribers are off',
    'Set "subscriber: { key }" (and "publisher: { key }" to publish over HTTP), or "anonymous: true".',
  );
}

/** What is asked for and not had would be missed when it is needed. */
function requireAbilities({ idempotency, retain, transport }: ResolvedOptions): void {
  if (idempotency && !storesOnce(transport)) throw unable('idempotency', 'store an update once');
  if (retain && !retainsUpdates(transport)) throw unable('retain', 'keep the newest update of each topic');
}

function unable(option: keyof MercureOptions, what: string): MercureError {
  return invalid(`The option "${option}" asks for a transport that can ${what}`, 'Use memory() or redis().');
}

function resolveSwitch<T extends object>(
  value: boolean | Partial<T> | undefined,
  defaults: T,
): T | undefined {
  if (value === undefined || value === false) return undefined;
  return { ...defaults, ...(value === true ? undefined : withoutUndefined(value)) };
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function invalid(message: string, remedy: string): MercureError {
  return new MercureError('OPTIONS_INVALID', 500, `${message}. ${remedy}`, remedy);
}
