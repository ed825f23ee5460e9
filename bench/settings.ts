import { parseArgs } from 'node:util';

/** A hub that runs elsewhere and is measured beside the others. */
export interface Peer {
  readonly url: URL;
  /** Publishes to any topic and receives whatever is private. */
  readonly token: string;
  /** Of its process on this machine. */
  readonly pid: number;
  readonly generation: '0.x' | '1.0';
}

export interface Settings {
  /** Small numbers and one round: proves that the benchmark works, measures nothing. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Scenarios by name; empty: all. */
  readonly only: readonly string[];
  /** Contestants by name, and `peer`; empty: all. */
  readonly contestants: readonly string[];
  /** Where contestants listen; 0: on any port that is free. */
  readonly port: number;
  readonly peer: Peer | undefined;
  /** The directory the results are written to; undefined: nothing is written. */
  readonly results: string | undefined;
  /** The directory CPU profiles of contestants are written to; undefined: none are made, for they cost CPU. */
  readonly profiles: string | undefined;
}

export const USAGE = `npm run bench -- [options]

  --quick                 a minute instead of half an hour: proves that it works, measures nothing
  --only NAME,NAME        these scenarios alone
  --contestants NAME,NAME these contestants alone
  --rounds N              how often everything is measured (3; --quick: 1)
  --port N                where contestants listen (any port that is free)
  --results DIRECTORY     where the results are written (bench/results; --quick: nowhere)
  --profiles DIRECTORY    CPU profiles of what is measured, of the benchmark's own processes (none; they cost CPU)
  --peer URL              a Mercure hub to be measured beside the others: the URL of the hub itself
  --peer-token TOKEN      its token, to publish any topic and to receive whatever is private
  --peer-pid PID          its process, on this machine
  --peer-generation G     the protocol it speaks, 0.x or 1.0 (1.0)`;

/** What cannot be done as asked: told in one line, before anything is measured. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readSettings(args: string[]): Settings {
  const values = parse(args);
  const quick = values.quick ?? false;
  return {
    quick,
    rounds: count('--rounds', values.rounds, quick ? 1 : 3),
    only: values.only?.split(',') ?? [],
    contestants: values.contestants?.split(',') ?? [],
    port: count('--port', values.port, 0),
    peer: readPeer(values),
    profiles: values.profiles,
    results: values.results ?? (quick ? undefined : 'bench/results'),
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const options = {
    quick: { type: 'boolean' },
    only: text,
    contestants: text,
    rounds: text,
    port: text,
    results: text,
    profiles: text,
    peer: text,
    'peer-token': text,
    'peer-pid': text,
    'peer-generation': text,
  } as const;
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function count(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(`${name} ${text}: give a whole number.`);
}

function readPeer(values: ReturnType<typeof parse>): Peer | undefined {
  const { peer: url, 'peer-token': token, 'peer-pid': pid, 'peer-generation': generation = '1.0' } = values;
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || !url.startsWith('http:')) {
    throw new UsageError(`--peer ${url}: give the hub's URL, as http://127.0.0.1:3000/.well-known/mercure.`);
  }
  if (token === undefined)
    throw new UsageError('--peer needs --peer-token, with which updates are published.');
  if (pid === undefined)
    throw new UsageError('--peer needs --peer-pid: its CPU and memory are what is compared.');
  if (generation !== '0.x' && generation !== '1.0') {
    throw new UsageError(`--peer-generation ${generation}: it is 0.x or 1.0.`);
  }
  return { url: new URL(url), token, pid: count('--peer-pid', pid, 0), generation };
}
