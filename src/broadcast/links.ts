import type { ObjectLiteral } from 'typeorm';

/** A row that another one is linked to. */
export interface Link {
  readonly id: ObjectLiteral;
  /** Whether it was linked to it before the transaction. */
  readonly was: boolean;
}

/**
 * What came and went in the relations of a row, by the relation's property path, then by the key of the other row. A
 * relation of which none did is there too where a row in it changed; one that has no property here has the path `''`.
 */
export type Links = ReadonlyMap<string, ReadonlyMap<string, Link>>;

/** Both together. Of what came and went several times the first tells how it was. */
export function mergeLinks(earlier: Links | undefined, later: Links | undefined): Links | undefined {
  if (!earlier || !later) return earlier ?? later;
  const merged = new Map(later);
  for (const [path, links] of earlier) merged.set(path, new Map([...(later.get(path) ?? []), ...links]));
  return merged;
}
