import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import { inTransaction, onRunner } from './builder-runner.js';
import type { BroadcastScope } from './broadcast-scope.js';
import { type Change, rowKey, whatOf } from './change.js';
import { changeOf } from './change-of-event.js';
import type { ChangeRecorder } from './change-recorder.js';
import {
  changeOfRow,
  type CriteriaWrite,
  isRelevant,
  criteriaWriteOf,
  rowsBefore,
  type RowsBefore,
} from './criteria-write.js';
import { dataSourceOf } from './data-source-of.js';
import { locksRows, refusesLock } from './driver-traits.js';
import { SavepointRefused, TransactionLost } from './guarded-read.js';
import { hasTransaction } from './open-transactions.js';
import type { Reading, Row } from './read-entities.js';
import { relationKeysOf, withoutRelations } from './relation-keys.js';
import { askForRows, type ReturnedRows } from './returned-rows.js';
import type { Telling } from './tell-changes.js';
import type { Builder, WriteResult } from './watched-builders.js';

/**
 * Names the rows of criteria writes: the rows are read before the statement with its own condition, and where the
 * database can, the statement itself says which of them it changed.
 *
 * What fails here costs the rows' followers an update, and the application nothing.
 */
export class CriteriaWrites {
  constructor(
    private readonly recorder: ChangeRecorder,
    private readonly telling: Telling,
    private readonly scope: BroadcastScope,
    private readonly maxRows: number,
  ) {}

  /** Executes a builder. Its result is what it would be without us. */
  async execute(
    dataSource: DataSource,
    builder: Builder,
    run: () => Promise<WriteResult>,
  ): Promise<WriteResult> {
    const write = criteriaWriteOf(builder);
    if (!write || !this.#isWanted(write, builder)) return run();
    const { useTransaction } = builder.expressionMap;
    // Where rows are locked as they are read, the lock has to last; and a builder that asks for a transaction means this, too.
    return onRunner(dataSource, builder, (runner) => {
      const isTheirs = hasTransaction(runner);
      return inTransaction(runner, locksRows(runner) || useTransaction, () =>
        this.#observe(write, builder, runner, run, isTheirs),
      );
    });
  }

  /** Statements that call no listeners are `save()`'s own, which has events of its own; but for those of orphans. */
  #isWanted({ metadata }: CriteriaWrite, { expressionMap, queryRunner }: Builder): boolean {
    if (this.scope.isSilent || !this.telling.plans.nameRows(metadata)) return false;
    if (expressionMap.callListeners) return true;
    if (!queryRunner || expressionMap.whereEntities.length > 0) return false;
    return this.recorder.states.of(queryRunner).orphans.take(metadata, 'update');
  }

  async #observe(
    write: CriteriaWrite,
    builder: Builder,
    runner: QueryRunner,
    run: () => Promise<WriteResult>,
    isTheirs: boolean,
  ): Promise<WriteResult> {
    const before = await this.#read(write, builder, runner, isTheirs);
    const asked = before && askForRows(builder, write.metadata, askedOf(write), dataSourceOf(runner));
    const { observed } = this.recorder.states.of(runner);
    observed.add(write.metadata, write.operation);
    try {
      const result = await run();
      this.#record(write, runner, before, result, asked);
      return result;
    } catch (error) {
      observed.take(write.metadata, write.operation);
      throw error;
    } finally {
      asked?.restore();
    }
  }

  /**
   * Undefined where nobody knows which rows it will be.
   *
   * @param isTheirs whether the transaction is the application's, with more in it than this statement
   * @throws what the database said where it has rolled that back
   */
  async #read(
    write: CriteriaWrite,
    builder: Builder,
    runner: QueryRunner,
    isTheirs: boolean,
  ): Promise<RowsBefore | undefined> {
    try {
      const { plans } = this.telling;
      const { metadata, operation } = write;
      // Links are read again with the row, where it is still there.
      const reading =
        operation === 'delete' ? plans.removalOf(metadata) : { ...plans.readingOf(metadata), linked: [] };
      const read = (locked: boolean) =>
        rowsBefore(builder, write, runner, { ...reading, locked }, this.maxRows);
      // Whoever loses a deadlock reads without a lock: the statement says which rows it was, and may wait for them.
      return await read(hasTransaction(runner)).catch((error: unknown) => {
        if (!refusesLock(runner, error)) throw error;
        return read(false);
      });
    } catch (error) {
      if (error instanceof TransactionLost && isTheirs) throw error.cause;
      // A transaction that takes no savepoint is aborted: the statement itself will say so.
      if (!(error instanceof SavepointRefused)) {
        this.telling.faults.error(
          whatOf(write),
          error,
          'Let the application read all columns of the rows it writes.',
        );
      }
      return undefined;
    }
  }

  /** The application's write is done: nothing of this may make it fail. */
  #record(
    write: CriteriaWrite,
    runner: QueryRunner,
    before: RowsBefore | undefined,
    result: WriteResult,
    asked: ReturnedRows | undefined,
  ): void {
    const { metadata, operation } = write;
    try {
      const changed = asked?.take(result);
      if (!before) return this.recorder.unnamed(operation, metadata, runner);
      const { changes, isWhole } = changed
        ? byRows(write, before, changed, this.telling.plans.removalOf(metadata))
        : byCount(write, before, result.affected ?? before.size);
      for (const change of changes) this.recorder.keep(change, runner);
      if (changes.length === 0 && isWhole) return;
      this.recorder.unnamed(operation, metadata, runner, { named: isWhole });
    } catch (error) {
      this.telling.faults.error(
        whatOf(write),
        error,
        'The write is not affected; its followers were not told.',
      );
    }
  }
}

interface Named {
  readonly changes: readonly Change[];
  /** Whether they are all there are. */
  readonly isWhole: boolean;
}

/** What a statement is asked for: of rows that go it is the last that can be known of them. */
function askedOf({ operation, metadata }: CriteriaWrite): EntityMetadata['columns'] {
  if (operation !== 'delete') return metadata.primaryColumns;
  return metadata.columns.filter(({ isSelect, isVirtualProperty }) => isSelect && !isVirtualProperty);
}

/** The statement said which rows it changed. Those that were not read before came meanwhile, or have another key now. */
function byRows(
  write: CriteriaWrite,
  before: RowsBefore,
  changed: readonly ObjectLiteral[],
  removal: Reading,
): Named {
  const { metadata, operation, setsKey } = write;
  const keys = new Map(changed.map((row) => [rowKey(metadata, row), row] as const));
  const known = [...before].filter(([key]) => setsKey || keys.has(key));
  const others = [...keys].filter(([key]) => !before.has(key)).map(([, row]) => row);
  const changes = known.flatMap(([, row]) => changeOfRow(write, row, { certain: true }) ?? []);
  // Which child of its parent a row is, and what a row that is gone was linked to, the statement does not say.
  const isUnknown =
    metadata.childEntityMetadatas.length > 0 || (operation === 'delete' && removal.linked.length > 0);
  if (isUnknown) return { changes, isWhole: others.length === 0 };
  const more = others.flatMap((row) => {
    if (operation === 'delete') return changeOfRow(write, asItWas(metadata, row), { certain: true }) ?? [];
    const id = metadata.getEntityIdMap(row)!;
    return { ...changeOf(setsKey ? 'create' : 'update', metadata, id), criteria: true as const };
  });
  return { changes: [...changes, ...more], isWhole: true };
}

/** A row that a statement has just deleted, or set its `deletedAt`. */
function asItWas(metadata: EntityMetadata, row: ObjectLiteral): Row {
  metadata.deleteDateColumn?.setEntityValue(row, null);
  return { entity: withoutRelations(metadata, row), keys: relationKeysOf(metadata, row) };
}

/** The statement said how many rows it changed: they are those that were read where there were as many. */
function byCount(write: CriteriaWrite, before: RowsBefore, affected: number): Named {
  const rows = [...before.values()];
  // TypeORM 1.x leaves alone what is deleted already, or not deleted; 0.3 does not.
  const relevant = rows.filter((row) => isRelevant(write, row));
  const meant = [rows, relevant].find(({ length }) => length === affected);
  const changes = (meant ?? rows).flatMap((row) => changeOfRow(write, row, { certain: !!meant }) ?? []);
  if (affected === 0) return { changes: [], isWhole: true };
  return { changes, isWhole: affected <= rows.length && !write.setsKey };
}
