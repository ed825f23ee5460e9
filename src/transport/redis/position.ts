import type { Position } from '../transport.js';

/** A place in the order: which life of the history, and the stream's entry, `<number>-<stamp>`. */
export interface Place {
  readonly epoch: string;
  readonly entry: string;
  /** Counts from 1, without holes. */
  readonly number: number;
}

/** Stamps a millisecond has; see `lua/history.ts`. */
const STAMPS_PER_MS = 1024;

export function placeOf(position: Position): Place {
  const colon = position.indexOf(':');
  const entry = position.slice(colon + 1);
  return { epoch: position.slice(0, colon), entry, number: numberOf(entry) };
}

export function positionAt(epoch: string, entry: string): Position {
  return `${epoch}:${entry}`;
}

export function numberOf(entry: string): number {
  return Number(entry.slice(0, entry.indexOf('-')));
}

export function stampOf(entry: string): string {
  return entry.slice(entry.indexOf('-') + 1);
}

/** When an entry was stored, by the server's clock: milliseconds since 1970. */
export function timeOfEntry(entry: string): number {
  return Number(stampOf(entry)) / STAMPS_PER_MS;
}

/** A random part of a stamp. */
export function stampNoise(): number {
  return Math.floor(Math.random() * STAMPS_PER_MS);
}
