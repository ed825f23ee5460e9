import type { AfterQueryEvent, DataSource, ObjectLiteral, QueryRunner } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import type { BroadcastScope } from './broadcast-scope.js';
import { inTransaction, onRunner } from './builder-runner.js';
import { whatOf } from './change.js';
import type { ChangeRecorder } from './change-recorder.js';
import { dataSourceOf } from './data-source-of.js';
import { SavepointRefused, TransactionLost } from './guarded-read.js';
import { outcomeOf } from './insert-outcome.js';
import { type InsertedRow, InsertSightings, type Sighting } from './insert-sightings.js';
import { type GivenRow, givenRows, type InsertWrite, insertWriteOf } from './insert-write.js';
import { rowsMet } from './met-rows.js';
import type { Row } from './read-entities.js';
import { rowsIn } from './returned-rows.js';
import type { Telling } from './tell-changes.js';
import type { Builder, WriteResult } from './watched-builders.js';

const NONE: ReadonlyMap<string, Row> = new Map();

/**
 * Tells upserts, and inserts whose events mislead, by looking: the rows that would be met are read before the statement
 * by the unique keys of its values, and after it what is there, where the statement does not return keys.
 *
 * What fails here costs the rows' followers an update, and the application nothing.
 */
export class InsertWrites {
  readonly #sightings = new InsertSightings();

  constructor(
    private readonly recorder: ChangeRecorder,
    private readonly telling: Telling,
    private readonly scope: BroadcastScope,
  ) {}

  /** Executes a builder. Its result is what it would be without us. */
  execute(dataSource: DataSource, builder: Builder, run: () => Promise<WriteResult>): Promise<WriteResult> {
    const write = insertWriteOf(builder, dataSource);
    if (!write || this.scope.isSilent || !this.telling.plans.concern(write.metadata)) return run();
    return onRunner(dataSource, builder, (runner) =>
      inTransaction(runner, builder.expressionMap.useTransaction, () => this.#observe(write, runner, run)),
    );
  }

  /** A row is about to be inserted. With the last of a statement its values are final, but for other subscribers. */
  beforeInsert(event: InsertedRow): Promise<void> | undefined {
    const sighting = this.#sightings.of(event, 'before');
    const isLast = sighting?.events.before === sighting?.write.valueSets.length;
    return sighting && isLast ? this.#look(sighting) : undefined;
  }

  /**
   * A row was inserted, as TypeORM has it.
   *
   * @returns whether it is told by its statement
   */
  afterInsert(event: InsertedRow): boolean {
    const sighting = this.#sightings.of(event, 'after');
    if (!sighting) return false;
    this.recorder.states.of(sighting.runner).heard();
    sighting.moment ??= this.recorder.momentOf(sighting.runner);
    return true;
  }

  /** A statement has run. Between it and its events TypeORM may read, and a shared runner's transaction begin or end. */
  sent(event: AfterQueryEvent): void {
    const sighting = this.#sightings.answered(event);
    if (!sighting || !event.success) return;
    sighting.moment = this.recorder.momentOf(sighting.runner);
    sighting.affected = affectedRows(event.rawResults);
  }

  async #observe(
    write: InsertWrite,
    runner: QueryRunner,
    run: () => Promise<WriteResult>,
  ): Promise<WriteResult> {
    const sighting = this.#sightings.open(write, runner);
    try {
      const result = await run();
      // Of a SELECT's rows there are no events.
      if (write.valueSets.length === 0) sighting.moment = this.recorder.momentOf(runner);
      await this.#record(sighting, result);
      return result;
    } catch (error) {
      await this.#record(sighting, undefined);
      throw error;
    } finally {
      this.#sightings.close(sighting);
    }
  }

  /** Which rows will be met? */
  async #look(sighting: Sighting): Promise<void> {
    const { write, runner } = sighting;
    const dataSource = dataSourceOf(runner);
    try {
      sighting.given = givenRows(write, dataSource);
      sighting.before = isAllNew(write) ? NONE : await this.#read(sighting, sighting.given);
    } catch (error) {
      this.#failed(sighting, error);
    }
    this.#sightings.due(sighting);
  }

  #read({ write, runner }: Sighting, rows: readonly GivenRow[]): Promise<Map<string, Row>> {
    const reading = { ...this.telling.plans.readingOf(write.metadata), linked: [] };
    return rowsMet(
      runner,
      reading,
      rows.flatMap((row) => row.in),
    );
  }

  /** The application's write is done: nothing of this may make it fail. */
  async #record(sighting: Sighting, result: WriteResult | undefined): Promise<void> {
    const { write, runner, moment, made, affected, given, before } = sighting;
    if (!moment || affected === 0) return;
    const { metadata } = write;
    const operation = operationOf(write);
    try {
      const returned = write.returnsKeys
        ? rowsIn(result?.raw, metadata, metadata.primaryColumns, dataSourceOf(runner).driver)
        : undefined;
      const found = returned ? [] : await this.#found(sighting);
      const wasThere = (key: string) => made.has(key);
      const { changes, isWhole } = outcomeOf(write, {
        given,
        before,
        wasThere,
        returned,
        found,
        affected,
      });
      for (const change of changes) {
        this.recorder.keep(change, runner, moment);
        if (change.operation === 'create') this.#sightings.made(change.key);
      }
      if (!isWhole) this.recorder.unnamed(operation, metadata, runner, { moment });
    } catch (error) {
      this.#failed(sighting, error);
      this.recorder.unnamed(operation, metadata, runner, { moment });
    }
  }

  /** The keys of the rows that have the values now, read where that is not clear from what was there before. */
  async #found(sighting: Sighting): Promise<readonly ObjectLiteral[]> {
    const { write, given, before } = sighting;
    const { metadata, met } = write;
    const rows = given.filter((row) => row.in.length > 0);
    const ids = rows.flatMap(({ id }) => id ?? []);
    if (!before) return [];
    if (before.size === 0 && ids.length === rows.length) return ids;
    const idsOf = (all: ReadonlyMap<string, Row>) =>
      [...all.values()].map(({ entity }) => metadata.getEntityIdMap(entity)!);
    // Each row has met another.
    if (before.size === rows.length && rows.every((row) => row.in.length === 1)) return idsOf(before);
    if (met !== 'refused') return idsOf(await this.#read(sighting, rows));
    const others = rows.filter(({ id }) => !id);
    return [...ids, ...idsOf(await this.#read(sighting, others))];
  }

  /** @throws what the database said where it has rolled the transaction back */
  #failed({ write: { metadata }, write }: Sighting, error: unknown): void {
    if (error instanceof TransactionLost) throw error.cause;
    // A transaction that takes no savepoint is aborted: the statement itself will say so.
    if (error instanceof SavepointRefused) return;
    const what = whatOf({ operation: operationOf(write), metadata });
    this.telling.faults.error(what, error, 'Let the application read all columns of the rows it writes.');
  }
}

/** Whether what it made is known without what was there. */
function isAllNew({ met, returnsKeys }: InsertWrite): boolean {
  return met === 'refused' || (met === 'skipped' && returnsKeys);
}

/** What it may have done to rows nobody knows. */
function operationOf({ met }: InsertWrite): BroadcastOperation {
  return met === 'updated' ? 'update' : 'create';
}

/** How many rows the database says; undefined where it does not. */
function affectedRows(rawResults: unknown): number | undefined {
  const { rowCount, affectedRows: count } = Object(rawResults) as {
    rowCount?: unknown;
    affectedRows?: unknown;
  };
  const affected = rowCount ?? count;
  return typeof affected === 'number' ? affected : undefined;
}
