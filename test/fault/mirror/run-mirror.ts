import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '../../property/support/random.js';
import { POSTGRES_URL, query } from '../../support/postgres.js';
import { bundleProcess, startProcess, type TypeScriptProcess } from '../../support/typescript-process.js';
import { divergences, MirrorClient } from './mirror-client.js';

export interface MirrorRun {
  readonly engine: 'SQLite' | 'PostgreSQL';
  readonly delivery: 'memory' | 'outbox';
  readonly transport: 'memory' | 'log';
  readonly seed: number;
  /** Writes of the workload. */
  readonly steps: number;
  readonly clients: number;
  /** How often the process is killed meanwhile. */
  readonly kills: number;
  readonly sabotage?: 'drop' | 'swap';
}

export interface MirrorOutcome {
  /** One line for each row that a client sees otherwise than the table has it. */
  readonly divergences: readonly string[];
  readonly phantoms: readonly string[];
  readonly rows: number;
  readonly hydrations: number;
  readonly gaps: number;
  readonly resumes: number;
  readonly kills: number;
}

let program: Promise<string> | undefined;

/** Runs the application under its workload while clients mirror it, and compares in the end. */
export async function runMirror(run: MirrorRun): Promise<MirrorOutcome> {
  const chance = random(run.seed);
  const database = await makeDatabase(run);
  const server = new Server(run, database.name, await (program ??= bundleProcess('fault/mirror/server.ts')));
  const clients = Array.from(
    { length: run.clients },
    (_, index) => new MirrorClient(() => server.url, random(run.seed + index + 1)),
  );
  let kills = 0;
  try {
    await server.start();
    for (const client of clients) client.start();
    let done = 0;
    while (done < run.steps || kills < run.kills) {
      const next = Math.max(run.steps, 1);
      const size = Math.max(1, Math.ceil(next / Math.max(run.kills, 4)));
      const isKilled = kills < run.kills;
      await Promise.all(clients.map((client) => client.follows()));
      const work = server.post(`work?seed=${run.seed}&from=${done + 1}&to=${done + size}&parallel=50`);
      for (const client of clients) if (chance.once(2)) client.disconnect();
      if (isKilled) {
        // At a random moment of the work: the one thing here that is a matter of time.
        await Promise.race([work, pause(chance.below(300))]).catch(() => undefined);
        kills++;
        await Promise.all([work.catch(() => undefined), server.kill()]);
        await server.start();
      } else await work;
      done += size;
    }
    if (run.sabotage) await server.post(`sabotage/${run.sabotage}`);
    await server.post('settle/end');
    await Promise.all(clients.map((client) => client.hears('end')));
    const rows = (await (await fetch(`${server.url}/books`)).json()) as { id: number }[];
    return {
      divergences: clients.flatMap(({ picture }) => divergences(picture, rows)),
      phantoms: clients.flatMap(({ phantoms }) => phantoms),
      rows: rows.length,
      hydrations: sum(clients.map(({ hydrations }) => hydrations)),
      gaps: sum(clients.map(({ gaps }) => gaps)),
      resumes: sum(clients.map(({ resumes }) => resumes)),
      kills,
    };
  } finally {
    await server.kill();
    await Promise.all(clients.map((client) => client.close()));
    await database.drop();
  }
}

/** The application, which may be killed and started again. */
class Server {
  url = '';
  private process: TypeScriptProcess | undefined;

  constructor(
    private readonly run: MirrorRun,
    private readonly database: string,
    private readonly program: string,
  ) {}

  async start(): Promise<void> {
    const { delivery, transport } = this.run;
    this.process = startProcess(this.program, {
      DATABASE: this.database,
      DELIVERY: delivery,
      TRANSPORT: transport,
      POSTGRES_URL,
    });
    const text = await this.process.output.waitFor((said) => /listening \S+\n/.test(said));
    this.url = /listening (\S+)/.exec(text)![1]!;
  }

  async post(path: string): Promise<void> {
    const answer = await fetch(`${this.url}/${path}`, { method: 'POST' });
    if (answer.status !== 201) {
      throw new Error(
        `POST /${path}: ${answer.status} ${await answer.text()}\n${this.process?.output.text.slice(-4000)}`,
      );
    }
  }

  async kill(): Promise<void> {
    this.process?.child.kill('SIGKILL');
    await this.process?.ended;
  }
}

async function makeDatabase({ engine, seed }: MirrorRun): Promise<{ name: string; drop(): Promise<void> }> {
  if (engine === 'SQLite') {
    const directory = await mkdtemp(join(tmpdir(), 'mirror-'));
    return {
      name: join(directory, 'mirror.db'),
      drop: () => rm(directory, { recursive: true, force: true }),
    };
  }
  const schema = `mirror_${process.pid}_${seed}`;
  const dropSchema = `DROP SCHEMA IF EXISTS ${schema} CASCADE`;
  await query(dropSchema, `CREATE SCHEMA ${schema}`);
  return { name: `schema:${schema}`, drop: () => query(dropSchema) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
