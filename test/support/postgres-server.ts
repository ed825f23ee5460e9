import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { unhung } from './byte-log.js';
import { freePort } from './redis.js';

const DEBIAN = '/usr/lib/postgresql';

/** A server of the test's own, which it may crash and start again. */
export interface PostgresServer {
  readonly port: number;
  readonly url: string;
  /** Ends at once and without a checkpoint, as `pg_ctl stop -m immediate`: what is not in its log is lost. */
  crash(): Promise<void>;
  /** Starts again on the same data, which it recovers first. */
  start(): Promise<void>;
  query(text: string, values?: unknown[]): Promise<unknown[]>;
  /** Another server that follows this one, asynchronously, from `port` on: this one's own, or a proxy before it. */
  standby(port?: number): Promise<PostgresServer>;
  /** Of a standby: makes it a primary of a timeline of its own. */
  promote(): Promise<void>;
  remove(): Promise<void>;
}

/** Debian keeps them off the path. */
const PROGRAMS = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : [];
const ENVIRONMENT = { ...process.env, PATH: [process.env['PATH'], ...PROGRAMS].join(':') };

/** It refuses to run as root. */
const ACCOUNT = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};

interface ServerOptions {
  readonly uid?: number;
  readonly gid?: number;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdio: 'ignore';
}

/** Whether there is a server to start. Says so aloud where there is none. */
export function canStartPostgres(suite: string): boolean {
  try {
    execFileSync('initdb', ['--version'], { ...ACCOUNT, env: ENVIRONMENT, stdio: 'ignore' });
    return true;
  } catch {
    console.warn(`SKIPPED: ${suite} starts a PostgreSQL, and there is none (initdb)`);
    return false;
  }
}

/** @param settings as on the command line, like `wal_writer_delay=10s` */
export function startPostgres(...settings: readonly string[]): Promise<PostgresServer> {
  return startOn(settings, (directory, options) => {
    const place = ['-D', directory, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8'];
    execFileSync('initdb', place, options);
    return Promise.resolve();
  });
}

/** @param make makes the data in a folder that is there, and empty */
async function startOn(
  settings: readonly string[],
  make: (directory: string, options: ServerOptions) => Promise<void>,
): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'mercure-postgres-'));
  const { uid, gid } = ACCOUNT;
  if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid);
  const options: ServerOptions = { ...ACCOUNT, env: ENVIRONMENT, cwd: directory, stdio: 'ignore' };
  await make(directory, options);
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await unhung(exited, 'the end of a PostgreSQL');
  };
  const start = async (): Promise<void> => {
    const place = ['-D', directory, '-p', String(port), '-h', '127.0.0.1', '-k', directory];
    child = spawn('postgres', [...place, ...settings.flatMap((setting) => ['-c', setting])], options);
    await unhung(untilItAnswers(url, child), 'a PostgreSQL');
  };
  await start();
  return {
    port,
    url,
    crash: () => end('SIGQUIT'),
    start,
    query: (text, values) =>
      withClient(url, async (client) => (await client.query(text, values)).rows as unknown[]),
    standby: (from = port) => startOn(settings, (copy, account) => copyFrom(from, copy, account)),
    promote: () => withClient(url, (client) => client.query('SELECT pg_promote()')).then(() => undefined),
    remove: async () => {
      await end('SIGQUIT');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Not in this process's way: it may carry the bytes itself. */
async function copyFrom(port: number, directory: string, options: ServerOptions): Promise<void> {
  const place = ['-D', directory, '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
  const copying = spawn(
    'pg_basebackup',
    [...place, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'],
    options,
  );
  const [code] = (await unhung(once(copying, 'exit'), 'pg_basebackup')) as [number | null];
  if (code !== 0) throw new Error(`pg_basebackup ended (${code})`);
}

async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const answers = await withClient(url, (client) => client.query('SELECT 1')).catch(() => undefined);
    if (answers) return;
    await new Promise((resume) => setTimeout(resume, 20));
  }
  throw new Error(`PostgreSQL ended (${child.exitCode})`);
}

function idOf(which: '-u' | '-g'): number {
  try {
    return Number(
      execFileSync('id', [which, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
    );
  } catch {
    return 65_534;
  }
}
