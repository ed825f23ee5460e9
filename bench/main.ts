import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describeMachine } from './machine.js';
import { checkSurroundings } from './preflight.js';
import { chartOf } from './report/chart.js';
import { documentOf } from './report/document.js';
import { textOf } from './report/text.js';
import { runScenario } from './run.js';
import { allScenarios } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';
import { withStores } from './servers.js';
import { readSettings, type Settings, USAGE, UsageError } from './settings.js';

async function main(args: string[]): Promise<void> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return;
  }
  const settings = readSettings(args);
  const asked = chosen(settings);
  await checkSurroundings(asked, settings);
  const scenarios = await withStores(asked, settings, (line) => console.error(line));
  const machine = describeMachine();
  const { processor, cores, memoryGiB, system, node } = machine;
  console.log(`${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node.js ${node}`);
  const results = await atOnce(lanesOf(settings), scenarios, async (scenario) => {
    const result = await runScenario(scenario, settings, (progress) => console.error(progress));
    console.log(textOf(result));
    return result;
  });
  if (settings.results === undefined) return;
  const date = new Date().toISOString().slice(0, 10);
  mkdirSync(settings.results, { recursive: true });
  const document = documentOf(results, machine, settings.rounds, date);
  writeFileSync(`${settings.results}/${date}.json`, `${JSON.stringify(document, undefined, 2)}\n`);
  writeFileSync(`${settings.results}/${date}.svg`, chartOf(results, machine, date));
  console.log(`Written to ${settings.results}/${date}.json and .svg`);
}

/** One after another, unless nothing is measured and nobody has a port of his own. */
function lanesOf({ quick, port, peer }: Settings): number {
  return quick && port === 0 && !peer ? Math.max(2, availableParallelism()) : 1;
}

async function atOnce<T, R>(lanes: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = [...items.entries()];
  const lane = async (): Promise<void> => {
    for (let next = rest.shift(); next; next = rest.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

function chosen(settings: Settings): Scenario[] {
  const all = allScenarios(settings);
  const names = all.map(({ name }) => name);
  const unknown = settings.only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`There is no scenario "${unknown}": ${names.join(', ')}.`);
  return settings.only.length === 0 ? all : all.filter(({ name }) => settings.only.includes(name));
}

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  console.error(error instanceof UsageError ? `error: ${error.message}` : error);
  process.exit(1);
}
