import type { AfterQueryEvent, InsertEvent, ObjectLiteral, QueryRunner } from 'typeorm';
import type { Moment } from './change-recorder.js';
import { dataSourceOf } from './data-source-of.js';
import type { GivenRow, InsertWrite } from './insert-write.js';
import type { Row } from './read-entities.js';

/** What is seen of an INSERT while it runs. */
export interface Sighting {
  readonly write: InsertWrite;
  readonly runner: QueryRunner;
  /** Rows whose events have come, before it and after. */
  readonly events: { before: number; after: number };
  given: readonly GivenRow[];
  before?: ReadonlyMap<string, Row>;
  affected?: number | undefined;
  /** When it ran: it has happened, whatever becomes of the call. */
  moment?: Moment;
  /** Keys of rows that others in this process made since it began. */
  readonly made: Set<string>;
}

/** What an event of a row says. */
export type InsertedRow = Pick<InsertEvent<ObjectLiteral>, 'entity' | 'queryRunner'>;

/**
 * Which INSERT an event or an answer belongs to. Calls may run at the same time, on one runner and with the same
 * objects.
 */
export class InsertSightings {
  readonly #running = new Set<Sighting>();
  /** By the object that a row's values were given in. */
  readonly #byValues = new WeakMap<object, Sighting[]>();
  /** Those whose statement is sent next, in their order. */
  readonly #due = new WeakMap<QueryRunner, Sighting[]>();

  open(write: InsertWrite, runner: QueryRunner): Sighting {
    const sighting: Sighting = {
      write,
      runner,
      events: { before: 0, after: 0 },
      given: [],
      made: new Set(),
    };
    this.#running.add(sighting);
    for (const set of write.valueSets) {
      this.#byValues.set(set, [...(this.#byValues.get(set) ?? []), sighting]);
    }
    return sighting;
  }

  close(sighting: Sighting): void {
    this.#running.delete(sighting);
    for (const set of sighting.write.valueSets) {
      this.#byValues.set(set, this.#byValues.get(set)?.filter((each) => each !== sighting) ?? []);
    }
    remove(this.#due.get(sighting.runner), sighting);
  }

  /** An event of a row came. */
  of({ entity, queryRunner }: InsertedRow, when: 'before' | 'after'): Sighting | undefined {
    const sighting = this.#byValues
      .get(entity)
      ?.find(({ runner, events, write }) => runner === queryRunner && events[when] < write.valueSets.length);
    if (sighting) sighting.events[when]++;
    return sighting;
  }

  /** Its statement comes next. */
  due(sighting: Sighting): void {
    const due = this.#due.get(sighting.runner);
    if (due) due.push(sighting);
    else this.#due.set(sighting.runner, [sighting]);
  }

  /** A statement was answered. Returns the one that was due, if it is its. */
  answered({ queryRunner, query }: AfterQueryEvent): Sighting | undefined {
    const due = this.#due.get(queryRunner);
    if (!due?.length || !query.startsWith('INSERT ')) return undefined;
    const sighting = due.find(({ write, runner }) => query.includes(intoOf(write, runner)));
    remove(due, sighting);
    return sighting;
  }

  /** A row was made: to those that are running and find it, it was there. */
  made(key: string): void {
    for (const { made } of this.#running) made.add(key);
  }
}

function remove(due: Sighting[] | undefined, sighting: Sighting | undefined): void {
  const index = due && sighting ? due.indexOf(sighting) : -1;
  if (index >= 0) due!.splice(index, 1);
}

/** What the text of its statement has in it. */
function intoOf({ metadata }: InsertWrite, runner: QueryRunner): string {
  const { driver } = dataSourceOf(runner);
  const path = metadata.tablePath.split('.').map((name) => driver.escape(name));
  return ` INTO ${path.join('.')}`;
}
