import type { Update } from '../../update/update.js';
import { numberOf, positionAt, stampOf } from './position.js';
import type { StoredUpdate } from '../transport.js';

/** An entry as Redis gives it. */
export type RawEntry = [
  entry: string,
  fields: [i: 'i', id: string, u: 'u', head: string, d: 'd', data: string, l: 'l', link: string],
];

/** Everything of an update but its id and data: private, topics, type, retry. The scripts read the first two. */
type Head = readonly [isPrivate: 0 | 1, topics: readonly string[], type: string | null, retry: number | null];

export function headOf({ private: isPrivate, topics, type, retry }: Update): string {
  return JSON.stringify([isPrivate ? 1 : 0, topics, type ?? null, retry ?? null] satisfies Head);
}

export function updateFrom(id: string, head: string, data: string): Update {
  const [isPrivate, topics, type, retry] = JSON.parse(head) as Head;
  return {
    id,
    topics,
    data,
    private: isPrivate === 1,
    ...(type === null ? undefined : { type }),
    ...(retry === null ? undefined : { retry }),
  };
}

export function storedUpdate(epoch: string, [entry, fields]: RawEntry): StoredUpdate {
  return { position: positionAt(epoch, entry), update: updateFrom(fields[1], fields[3], fields[5]) };
}

/** Two lists that rise, as one. */
export function inOrder(one: readonly RawEntry[], other: readonly RawEntry[]): readonly RawEntry[] {
  if (other.length === 0) return one;
  return [...one, ...other].toSorted(([left], [right]) => numberOf(left) - numberOf(right));
}

/** Whether an entry follows another without a hole, in the same history. */
export function follows(before: string, [entry, fields]: RawEntry): boolean {
  return numberOf(entry) === numberOf(before) + 1 && fields[7] === stampOf(before);
}
