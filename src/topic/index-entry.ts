import type { CompiledMatcher } from './compile-matcher.js';

/** Automaton positions in one unit of a pattern's cost. */
const POSITIONS_PER_UNIT = 32;

/** One matcher in the index, however many ask for it. */
export class IndexEntry<L> {
  /** Those who listen to its topics. */
  readonly listeners = new Set<L>();
  /** Those to whom its topics are granted. */
  readonly granted = new Set<L>();
  /** How many acquisitions are not released yet; the index keeps it. */
  refs = 0;

  constructor(readonly compiled: CompiledMatcher) {}
}

/** Whether anybody still asks for it. */
export function isHeld(entry: IndexEntry<unknown>): boolean {
  return entry.refs > 0;
}

/** What an entry costs of `maxUnits`: nothing for exact topics and `*`, at least one unit for a pattern. */
export function unitsOf(entry: IndexEntry<unknown>): number {
  const { address, positions } = entry.compiled;
  return address === undefined ? 0 : Math.max(1, Math.ceil(positions / POSITIONS_PER_UNIT));
}
