import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { type Change, rowKey } from './change.js';
import { changeOf } from './change-of-event.js';
import type { GivenRow, InsertWrite } from './insert-write.js';
import type { Row } from './read-entities.js';

/** What is known of an INSERT that has run. */
export interface Known {
  /** Its rows as they were given to the database, and may have been filled in by TypeORM since. */
  readonly given: readonly GivenRow[];
  /** The rows it met, as they were before it, by `Change.key`; undefined where nobody looked. */
  readonly before: ReadonlyMap<string, Row> | undefined;
  /** Whether it is known that there was another before it. */
  readonly wasThere: (key: string) => boolean;
  /** The keys of the rows it made or changed, as the statement itself returned them. */
  readonly returned: readonly ObjectLiteral[] | undefined;
  /** Else the keys of the rows that have its values now. */
  readonly found: readonly ObjectLiteral[];
  /** How many rows the database says it made or changed; MySQL counts 2 for one that it changed. */
  readonly affected: number | undefined;
}

/** What an INSERT did: each row that was made, each that was changed. */
export interface Outcome {
  readonly changes: readonly Change[];
  /** Whether they are all there are. */
  readonly isWhole: boolean;
}

const UNKNOWN: Outcome = { changes: [], isWhole: false };

/** Tells what was made from what was changed, and from what was left alone: what was there before was met. */
export function outcomeOf(write: InsertWrite, known: Known): Outcome {
  const { metadata, met } = write;
  const { given, before, wasThere, returned, found, affected } = known;
  // Of what was skipped nothing is returned.
  const areNew = met === 'refused' || (met === 'skipped' && returned !== undefined);
  if (!areNew && !before) return UNKNOWN;
  if (given.length === 0 && !(returned && areNew)) return UNKNOWN;
  const isOldOne = affected === 2 && given.length === 1;
  const changes = new Map<string, Change>();
  for (const id of returned ?? found) {
    const key = rowKey(metadata, id);
    const isMet = !areNew && (isOldOne || before?.has(key) === true || wasThere(key));
    if (!isMet) changes.set(key, changeOf('create', metadata, id));
    else if (met === 'updated') changes.set(key, updated(metadata, id, before?.get(key)));
  }
  if (returned) return { changes: [...changes.values()], isWhole: true };
  let isWhole = true;
  for (const row of given) {
    if (row.in.length > 0) continue;
    const id = newKeyOf(row, write, given);
    if (id) changes.set(rowKey(metadata, id), changeOf('create', metadata, id));
    else isWhole = false;
  }
  return { changes: [...changes.values()], isWhole };
}

function updated(announced: EntityMetadata, id: ObjectLiteral, row: Row | undefined): Change {
  if (!row) return changeOf('update', announced, id);
  const metadata = announced.findInheritanceMetadata(row.entity);
  const change = changeOf('update', metadata, id, row.entity);
  return { ...change, keys: { ...row.keys, ...change.keys } };
}

/** The key of a row that has no value in a unique key: as given, or as TypeORM filled it in, where it did not miscount. */
function newKeyOf(
  { id, isNew, valueSet }: GivenRow,
  { metadata }: InsertWrite,
  given: readonly GivenRow[],
): ObjectLiteral | undefined {
  if (id) return id;
  const isCounted = metadata.primaryColumns.some(
    ({ generationStrategy }) => generationStrategy === 'increment',
  );
  const isRight = !isCounted || given.every((row) => row.isNew && !row.id);
  return isNew && isRight ? metadata.getEntityIdMap(valueSet) : undefined;
}
