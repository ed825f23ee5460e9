import { memory } from '../transport/memory-transport.js';
import type { Transport } from '../transport/transport.js';
import { startError } from './start-error.js';
import { COUNT } from './value-types.js';

/** A transport that is known and not yet opened. */
export interface TransportChoice {
  /** What it is, for people. */
  readonly label: string;
  /** Engines are imported here, when they are chosen: none is a dependency. */
  readonly open: () => Promise<Transport>;
}

type Engine = (url: URL, name: string) => TransportChoice;

/** By scheme. Each reads its own URL. */
const ENGINES: ReadonlyMap<string, Engine> = new Map<string, Engine>([
  ['memory:', memoryEngine],
  // What the Go hub calls the same. It keeps nothing; that more is kept here hurts nobody.
  ['local:', memoryEngine],
  ['null:', memoryEngine],
  ['bolt:', refuseBolt],
  ...['sqlite:', 'postgres:', 'postgresql:', 'mysql:', 'redis:', 'rediss:'].map(
    (scheme) => [scheme, refuseForNow] as const,
  ),
]);

/** What `MERCURE_TRANSPORT_URL` is when it is unset. */
export const DEFAULT_TRANSPORT_URL = 'memory://';

/**
 * @param name of the variable, for messages; the URL is never in them, it may hold a password
 * @throws MercureError OPTIONS_INVALID where there is no such engine, or it does not understand its URL
 */
export function chooseTransport(text: string, name: string): TransportChoice {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const engine = url && ENGINES.get(url.protocol);
  if (!engine) {
    throw startError(`Invalid ${name}: there is no such transport`, 'Use memory:// or memory://?size=10000.');
  }
  return engine(url, name);
}

function memoryEngine({ searchParams }: URL, name: string): TransportChoice {
  const unknown = [...searchParams.keys()].some((key) => key !== 'size');
  const given = searchParams.get('size');
  const maxUpdates = given === null ? undefined : COUNT.parse(given);
  if (unknown || (given !== null && maxUpdates === undefined)) {
    throw startError(
      `Invalid ${name}: the memory transport has one parameter, "size", a number of updates`,
      'Use memory://?size=10000; 0 keeps none.',
    );
  }
  const kept = (maxUpdates ?? 10_000).toLocaleString('en');
  return {
    label: `memory (the last ${kept} updates, until the process ends)`,
    open: () => Promise.resolve(memory({ maxUpdates })),
  };
}

function refuseForNow({ protocol }: URL, name: string): never {
  throw startError(
    `Invalid ${name}: ${protocol}// is not in this version`,
    'Use memory:// or memory://?size=10000; its history ends with the process.',
  );
}

function refuseBolt(_url: URL, name: string): never {
  throw startError(
    `Invalid ${name}: a Bolt file of the Go hub is not opened in place`,
    'Start on memory:// (its history begins empty), or bring the file over with "npx nestjs-mercure import <file>" ' +
      'once a durable transport is there to import into; this version has none.',
  );
}
