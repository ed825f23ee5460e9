import { describe, expect, it } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import { mayPublish } from '../../src/authorization/may.js';
import { HUB_URL } from './support/naive-spec.js';
import { newTally, OracleRun } from './support/oracle-run.js';
import { random, seedOfRun } from './support/random.js';
import { matcherOf, topicOf } from './support/vocabulary.js';

/** Verdicts compared: a million with `npm run test:oracle`. `SEED` repeats a run. */
const CASES = Number(process.env['ORACLE_CASES'] ?? 20_000);
const ROUNDS_PER_HUB = 40;

const seed = seedOfRun();
console.log(`The oracle's run: SEED=${seed} ORACLE_CASES=${CASES}`);

describe(`What the protocol's text says, of random grants, matchers and topics (seed ${seed})`, () => {
  it('is what everybody hears: nothing leaks, nothing is missed', { timeout: 30 * 60_000 }, async () => {
    const tally = newTally();
    for (let hub = 0; tally.cases < CASES && tally.faults.length === 0; hub++) {
      const run = await OracleRun.start(random(seed + hub), tally);
      await run.run(ROUNDS_PER_HUB);
    }
    expect(tally.faults).toEqual([]);
    const { cases, faults: _, ...kinds } = tally;
    console.log(`${cases} verdicts: ${JSON.stringify(kinds)}`);
    // A generator that makes only easy cases would prove nothing.
    for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(0);
  });

  it('is what may be published', { timeout: 30 * 60_000 }, () => {
    const source = random(seed);
    let granted = 0;
    for (let left = CASES / 10; left > 0; left -= 20) {
      const specs = source.some([undefined], 0, 5).map(() => matcherOf(source));
      const grants = { ...NO_GRANTS, publish: specs.map(({ matcher }) => matcher) };
      for (let one = 0; one < 20; one++) {
        const topics = source.some([undefined], 1, 3).map(() => topicOf(source));
        const expected = topics.every((topic) => specs.some((spec) => spec.picks(topic)));
        const verdict = mayPublish(grants, topics, one % 2 === 0, { hubUrl: new URL(HUB_URL) });
        expect([grants.publish, topics, verdict]).toEqual([grants.publish, topics, expected]);
        if (verdict) granted++;
      }
    }
    expect(granted).toBeGreaterThan(CASES / 1000);
  });
});
