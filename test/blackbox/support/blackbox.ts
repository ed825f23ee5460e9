import { afterAll, beforeAll, describe, it } from 'vitest';
import { DIFFERENCES } from '../differences.js';
import { ROWS } from '../rows/index.js';
import { play } from './play.js';
import { type Generation, type Row, type Setup } from './row.js';
import { elsewhere, type Start, type Target } from './target.js';

const SETUPS: readonly Setup[] = ['open', 'closed', 'mute', 'named'];
const rowsFor = (generation: Generation, setup: Setup) =>
  ROWS.filter((row) => (row.setup ?? 'open') === setup && row.generations.includes(generation));

/** Every row, against hubs of this generation, one for each way of configuring it. */
export function proveRows(generation: Generation, start: Start): void {
  describe.each(SETUPS)(`protocol ${generation}, %s hub`, (setup) => {
    let target: Target;
    beforeAll(async () => {
      target = await start(generation, setup);
    }, 120_000);
    afterAll(() => target?.stop());
    it.each(titled(rowsFor(generation, setup)))('%s', (_, row) => play(target, row));
  });
}

/** The same rows against a hub that somebody else started; those it is known to differ in must fail. */
export function proveElsewhere(): void {
  const reference = process.env['BLACKBOX_REFERENCE'];
  const known = new Set(
    DIFFERENCES.filter(({ hubs }) => hubs.some((hub) => hub === reference)).flatMap(({ rows }) => rows),
  );
  for (const setup of SETUPS) {
    const target = elsewhere(setup);
    if (!target) {
      console.warn(`SKIPPED: no URL of a ${setup} hub is given, so its rows are not played elsewhere`);
      continue;
    }
    const rows = rowsFor(target.generation, setup);
    describe(`protocol ${target.generation}, ${setup} hub at ${target.url}`, () => {
      for (const [title, row] of titled(rows)) {
        const prove = known.has(row.id) ? it.fails : it;
        prove(title, () => play(target, row));
      }
    });
  }
}

function titled(rows: readonly Row[]): [string, Row][] {
  return rows.map((row) => [`${row.id} ${row.promise}`, row]);
}
