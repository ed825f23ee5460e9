import 'reflect-metadata';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { answerCalls } from '../process/calls.js';
import { type Load, Publisher } from '../wire/load.js';
import type { Contestant, ContestantSettings } from './contestant.js';
import { type ContestantName, CONTESTANTS } from './contestants.js';
import { startProfile, writeProfile } from './profile.js';

let contestant: Contestant | undefined;
let delays: IntervalHistogram | undefined;
const publisher = new Publisher((update) => contestant!.publish(update));

const handlers = {
  start: ({ name, settings }: { name: ContestantName; settings: ContestantSettings }) => {
    contestant = CONTESTANTS[name]();
    return contestant.listen(settings);
  },
  run: (load: Load) => publisher.run(load),
  collectGarbage: () => {
    for (let pass = 0; pass < 3; pass++) globalThis.gc!();
  },
  watchStalls: () => {
    delays ??= monitorEventLoopDelay({ resolution: 1 });
    delays.reset();
    delays.enable();
  },
  startProfile,
  writeProfile,
  /** The longest the event loop was late since `watchStalls`. Milliseconds. */
  longestStall: () => delays!.max / 1e6,
};

export type ServerHandlers = typeof handlers;
answerCalls(handlers);
