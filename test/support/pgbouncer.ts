import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { unhung } from './byte-log.js';
import { POSTGRES_URL } from './postgres.js';
import { freePort } from './redis.js';

/** A pooler before the server of the suites, which gives every transaction another session. */
export interface Pgbouncer {
  /** What `POSTGRES_URL` is, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Whether there is a `pgbouncer` to start. Says so aloud where there is none. */
export async function canStartPgbouncer(suite: string): Promise<boolean> {
  const child = spawn('pgbouncer', ['--version'], { stdio: 'ignore' });
  const found = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(true));
  });
  if (!found) console.warn(`SKIPPED: ${suite} starts a pgbouncer, and there is none`);
  return found;
}

export async function startPgbouncer(): Promise<Pgbouncer> {
  const directory = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  const server = new URL(POSTGRES_URL);
  const users = join(directory, 'users.txt');
  await writeFile(users, `"${server.username}" "${server.password}"\n`);
  const file = join(directory, 'pgbouncer.ini');
  await writeFile(
    file,
    `[databases]
* = host=${server.hostname} port=${server.port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
`,
  );
  // It refuses to run as root.
  const as = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...as, file], { stdio: 'ignore' });
  const url = new URL(POSTGRES_URL);
  url.host = `127.0.0.1:${port}`;
  await unhung(untilItAnswers(url.href, child), 'a pgbouncer');
  return {
    url: url.href,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await unhung(ended, 'the end of a pgbouncer');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.query('SELECT 1');
      return;
    } catch {
      await new Promise((resume) => setTimeout(resume, 10));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  throw new Error(`pgbouncer ended with ${child.exitCode}`);
}
