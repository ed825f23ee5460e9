import type { Settings } from '../settings.js';
import type { EngineName } from '../stores/engine.js';
import type { SystemName } from '../systems.js';

/** What one contestant did in one round, by the names of the scenario's metrics. */
export type Values = Readonly<Record<string, number>>;

export interface Metric {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
}

/** The values of one round, by contestant; undefined where it does not take part. */
export type Round = (contestant: string, metric: string) => number | undefined;

/** A figure that means the same on every machine: one contestant's over another's of the same round. */
export interface Ratio {
  readonly label: string;
  readonly of: (round: Round) => number | undefined;
  /** What the project wants it to be. Undefined: nothing, it is told. */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
}

/**
 * One question to all contestants. It is asked `rounds` times, each time of all of them one after another, so that what
 * else the machine does falls on each alike.
 */
export interface Scenario<Contestant extends string = string> {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** How it is measured, in a sentence or two. */
  readonly method: string;
  readonly metrics: readonly Metric[];
  readonly contestants: readonly Contestant[];
  /** The most streams, or connections, that are open at once: descriptors needed on either side. */
  readonly connections: number;
  readonly ratios: readonly Ratio[];
  /** What it needs to answer: where one does not, the scenario is left out. */
  readonly engines?: readonly EngineName[];
  /** Whether what they acknowledge has to be on their disks. */
  readonly synced?: boolean;
  /** Makes what all rounds are measured on. @returns what removes it */
  prepare?(): Promise<() => Promise<void>>;
  /** @throws Error where a delivery is lost, comes twice or comes in the wrong order: the run has failed */
  measure(contestant: Contestant, settings: Settings): Promise<Values>;
}

/** One contestant's figure over another's. */
export function over(metric: string, one: SystemName, other: SystemName) {
  return (round: Round): number | undefined => {
    const [above, below] = [round(one, metric), round(other, metric)];
    return above === undefined || below === undefined ? undefined : above / below;
  };
}
