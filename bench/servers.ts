import type { Scenario } from './scenarios/scenario.js';
import { type Settings, UsageError } from './settings.js';
import { ENGINES, type EngineName } from './stores/engine.js';

/**
 * The scenarios whose stores answer, and have their disks synced where that is what is measured. What is left out is
 * told, and refused where it was asked for by name.
 *
 * @throws UsageError
 */
export async function withStores(
  scenarios: readonly Scenario[],
  settings: Settings,
  tell: (line: string) => void,
): Promise<readonly Scenario[]> {
  const faults = new Map<EngineName, Promise<string | undefined>>();
  const unsynced = new Map<EngineName, Promise<string | undefined>>();
  const kept: Scenario[] = [];
  for (const scenario of scenarios) {
    const { name, engines = [], synced = false } = scenario;
    let fault: string | undefined;
    for (const engine of engines) {
      fault ??= await remembered(faults, engine, () => faultOf(engine));
      // What measures nothing may be as fast as it likes.
      if (synced && !settings.quick) fault ??= await remembered(unsynced, engine, () => unsyncedOf(engine));
    }
    if (fault === undefined) kept.push(scenario);
    else if (settings.only.includes(name)) throw new UsageError(`${name} cannot be measured: ${fault}.`);
    else tell(`LEFT OUT: ${name}: ${fault}.`);
  }
  return kept;
}

/** Asked once of each engine. */
function remembered<T>(known: Map<EngineName, T>, engine: EngineName, ask: () => T): T {
  const answer = known.get(engine) ?? ask();
  known.set(engine, answer);
  return answer;
}

async function faultOf(name: EngineName): Promise<string | undefined> {
  const { title, place, answer } = ENGINES[name];
  try {
    await answer();
    return undefined;
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    return `no ${title} answers at ${place} (${message || code})`;
  }
}

async function unsyncedOf(name: EngineName): Promise<string | undefined> {
  const { title, place, unsynced } = ENGINES[name];
  const why = await unsynced();
  return why && `${title} at ${place} acknowledges what its disk has not: ${why}`;
}
