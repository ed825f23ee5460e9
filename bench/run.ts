import type { Ratio, Round, Scenario, Values } from './scenarios/scenario.js';
import type { Settings } from './settings.js';
import { type Spread, spreadOf } from './statistics.js';

/** A scenario's figures over all rounds. */
export interface Result {
  readonly scenario: Scenario;
  readonly ratios: readonly { readonly ratio: Ratio; readonly spread: Spread }[];
  readonly rows: readonly {
    readonly contestant: string;
    readonly values: Readonly<Record<string, Spread>>;
  }[];
}

/**
 * Measures one scenario.
 *
 * @throws Error where a contestant fails, or delivers what it should not
 */
export async function runScenario(
  scenario: Scenario,
  settings: Settings,
  tell: (progress: string) => void,
): Promise<Result> {
  const wanted = (name: string) => settings.contestants.length === 0 || settings.contestants.includes(name);
  const contestants = scenario.contestants.filter(
    (name) => wanted(name) && (name !== 'peer' || settings.peer),
  );
  if (scenario.prepare) tell(`${scenario.name}: what it is measured on`);
  const cleanUp = await scenario.prepare?.();
  try {
    const rounds = await measureRounds(scenario, contestants, settings, tell);
    return {
      scenario,
      ratios: ratiosOf(scenario, rounds),
      rows: contestants.map((contestant) => ({ contestant, values: valuesOf(contestant, scenario, rounds) })),
    };
  } finally {
    await cleanUp?.();
  }
}

async function measureRounds(
  scenario: Scenario,
  contestants: readonly string[],
  settings: Settings,
  tell: (progress: string) => void,
): Promise<Map<string, Values>[]> {
  const rounds: Map<string, Values>[] = [];
  for (let round = 1; round <= settings.rounds; round++) {
    const values = new Map<string, Values>();
    for (const contestant of contestants) {
      tell(`${scenario.name}, round ${round} of ${settings.rounds}: ${contestant}`);
      values.set(contestant, await scenario.measure(contestant, settings));
    }
    rounds.push(values);
  }
  return rounds;
}

/** Of each round by itself: what disturbed one round disturbed both sides of its ratios. */
function ratiosOf({ ratios }: Scenario, rounds: readonly Map<string, Values>[]): Result['ratios'] {
  return ratios.flatMap((ratio) => {
    const found = rounds.map((values) =>
      ratio.of(((name, metric) => values.get(name)?.[metric]) satisfies Round),
    );
    const told = found.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
    return told.length === 0 ? [] : [{ ratio, spread: spreadOf(told) }];
  });
}

function valuesOf(
  contestant: string,
  { metrics }: Scenario,
  rounds: readonly Map<string, Values>[],
): Record<string, Spread> {
  const told = metrics.flatMap(({ name }) => {
    const values = rounds
      .map((round) => round.get(contestant)?.[name])
      .filter((value) => value !== undefined);
    return values.length === 0 ? [] : [[name, spreadOf(values)] as const];
  });
  return Object.fromEntries(told);
}
