import { describe, expect, it } from 'vitest';
import { seedOfRun } from '../../property/support/random.js';
import { postgresAnswers } from '../../support/postgres.js';
import { type MirrorOutcome, type MirrorRun, runMirror } from './run-mirror.js';

const postgres = await postgresAnswers('test/fault/mirror');
/** The long form: `npm run test:mirror`. */
const isLong = process.env['FAULT_RUNS'] === 'long';
const KILLS = isLong ? 100 : 3;
const STEPS = isLong ? 3000 : 200;
const HANG_GUARD_MS = isLong ? 1_800_000 : 240_000;

const seed = seedOfRun() % 1_000_000;

function told(run: MirrorRun, outcome: MirrorOutcome): void {
  const { rows, hydrations, gaps, resumes, kills } = outcome;
  console.log(
    `mirror of ${run.engine}, ${run.delivery}, seed ${run.seed}: ${run.clients} clients, ${rows} rows, ` +
      `${hydrations} hydrations, ${gaps} gaps told, ${resumes} streams, ${kills} kills`,
  );
}

async function mirrors(run: MirrorRun): Promise<MirrorOutcome> {
  const outcome = await runMirror(run);
  told(run, outcome);
  return outcome;
}

describe.each(['SQLite', 'PostgreSQL'] as const)('the mirror of %s', (engine) => {
  describe.skipIf(engine === 'PostgreSQL' && !postgres)('', () => {
    const usual = { engine, seed, steps: STEPS, clients: 6, kills: 0 } as const;

    it(
      `ends with what the table holds, over lost connections (seed ${seed})`,
      async () => {
        const outcome = await mirrors({ ...usual, delivery: 'memory', transport: 'memory' });
        expect(outcome.divergences).toEqual([]);
        expect(outcome.phantoms).toEqual([]);
        expect(outcome.hydrations, 'once, and again after each told gap').toBe(usual.clients + outcome.gaps);
      },
      HANG_GUARD_MS,
    );

    it(
      `loses nothing and shows nothing that was rolled back when the process is killed, under the outbox (seed ${seed})`,
      async () => {
        const run = { ...usual, delivery: 'outbox', transport: 'log', kills: KILLS } as const;
        const outcome = await mirrors(run);
        expect(outcome.divergences).toEqual([]);
        expect(outcome.phantoms).toEqual([]);
        expect(outcome.hydrations).toBe(usual.clients + outcome.gaps);
        expect(outcome.gaps, 'the log outlives the process').toBe(0);
        expect(outcome.kills).toBe(KILLS);
        expect(outcome.resumes, 'each came back after each kill').toBeGreaterThan(usual.clients * KILLS);
      },
      HANG_GUARD_MS,
    );
  });
});

describe('the mirror shows what is broken on purpose', () => {
  it.each(['drop', 'swap'] as const)(
    'an update: %s',
    async (sabotage) => {
      const run = {
        engine: 'SQLite',
        delivery: 'memory',
        transport: 'memory',
        seed,
        steps: 20,
        clients: 3,
      } as const;
      const outcome = await runMirror({ ...run, kills: 0, sabotage });
      expect(outcome.divergences).toHaveLength(run.clients);
    },
    HANG_GUARD_MS,
  );
});
