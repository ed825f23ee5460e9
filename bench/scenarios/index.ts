import type { Settings } from '../settings.js';
import { broadcast } from './broadcast.js';
import { connectStorm } from './connect-storm.js';
import { fanOut } from './fan-out.js';
import { idleMemory } from './idle-memory.js';
import { durable } from './durable.js';
import { inProcess } from './in-process.js';
import { matching } from './matching.js';
import { privateTopics } from './private-topics.js';
import { publishing } from './publishing.js';
import { resume } from './resume.js';
import { resumeFromStore } from './resume-from-store.js';
import { saturated } from './saturated.js';
import type { Scenario } from './scenario.js';
import { secure } from './secure.js';
import { nodes, workers } from './several.js';
import { slowReaders } from './slow-readers.js';

/** All there are, in the order in which they are measured and told. A new one is a file beside this and a line here. */
export function allScenarios(settings: Settings): Scenario[] {
  const [some, many] = settings.quick ? [100, 200] : [1000, 10_000];
  const scenarios = [
    fanOut('fan-out-1000', some, settings),
    fanOut('fan-out-10000', many, settings),
    saturated(some, settings),
    privateTopics(many, settings),
    matching(settings),
    idleMemory(many, settings),
    publishing(1, settings),
    publishing(10, settings),
    publishing(100, settings),
    inProcess(settings),
    broadcast(settings),
    resume(settings),
    connectStorm('tokens', many, settings),
    connectStorm('cursors', many, settings),
    slowReaders(some, settings),
    secure(some, settings),
    workers(some, settings),
    nodes('redis', some, settings),
    nodes('postgres', some, settings),
    durable('sqlite', settings),
    durable('postgres', settings),
    durable('mariadb', settings),
    resumeFromStore('sqlite', settings),
    resumeFromStore('postgres', settings),
  ] as Scenario[];
  return settings.quick ? scenarios.filter(provesMore).map(briefly) : scenarios;
}

/** What differs from another scenario in its numbers alone works when that one does. */
function provesMore({ name }: Scenario): boolean {
  return ![
    'fan-out-10000',
    'publishing-1',
    'publishing-100',
    'storm-tokens',
    'nodes-postgres',
    'resume-sqlite',
  ].includes(name);
}

/** All contestants are proved to work by the first scenario; in the others two are enough. */
function briefly(scenario: Scenario, index: number): Scenario {
  if (index === 0) return scenario;
  const contestants = scenario.contestants.filter((name) => !/express|sse|standalone/.test(name));
  return { ...scenario, contestants };
}
