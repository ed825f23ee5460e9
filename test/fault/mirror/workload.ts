import { Between, type DataSource, type EntityManager, type FindOperator, IsNull, Not } from 'typeorm';
import { type Random, random } from '../../property/support/random.js';
import { Book } from './book.js';

/** Thrown by the workload itself, to roll back. */
class Planned extends Error {}

/** One thing an application does. */
type Write = (manager: EntityManager, chance: Random, name: string) => Promise<unknown>;

/** What a transaction may consist of, and what stands alone. */
const WRITES: readonly Write[] = [
  (manager, _chance, name) => manager.save(Book, book(name)),
  (manager, _chance, name) => manager.save(Book, [book(`${name}-a`), book(`${name}-b`), book(`${name}-c`)]),
  insert,
  insert,
  change,
  change,
  change,
  async (manager, chance, name) => {
    const [found] = await pick(manager, chance);
    // A partial entity: what is not there is not touched.
    if (found) await manager.save(Book, { id: found.id, title: name });
  },
  async (manager, chance) => {
    const found = await pick(manager, chance);
    await manager.remove(found);
  },
  async (manager, chance) => {
    const found = await pick(manager, chance);
    await manager.softRemove(found);
  },
  async (manager, chance) => {
    const found = await pick(manager, chance, true);
    await manager.recover(found);
  },
  // Writes that name no row, only which rows they mean.
  (manager, chance, name) => manager.update(Book, some(chance), { title: name }),
  (manager, chance) => manager.softDelete(Book, some(chance)),
  (manager, chance) => manager.restore(Book, some(chance)),
  (manager, chance) => manager.delete(Book, some(chance)),
  // An insert for some, an update for others.
  (manager, chance, name) =>
    manager.upsert(Book, { title: name, code: `upserted-${chance.below(20)}` }, ['code']),
];

function insert(manager: EntityManager, _chance: Random, name: string): Promise<unknown> {
  return manager.insert(Book, book(name));
}

async function change(manager: EntityManager, chance: Random, name: string): Promise<void> {
  const [found] = await pick(manager, chance);
  if (found) await manager.save(Object.assign(found, { title: name }));
}

function book(name: string): Partial<Book> {
  return { title: name, code: name };
}

/** A few rows, whether they are there or not. */
function some(chance: Random): { id: FindOperator<number> } {
  const first = chance.below(40);
  return { id: Between(first, first + 2) };
}

/** A row, or none. */
function pick(manager: EntityManager, chance: Random, deleted = false): Promise<Book[]> {
  const where = deleted ? { deletedAt: Not(IsNull()) } : {};
  return manager.find(Book, {
    where,
    withDeleted: deleted,
    order: { id: 'ASC' },
    skip: chance.below(12),
    take: 1,
  });
}

export interface WorkloadOptions {
  readonly dataSource: DataSource;
  readonly seed: number;
  /** Writes under way at the same time. */
  readonly parallel: number;
}

/** What the database may say of transactions that meet; the application would try again. What another deleted is inserted. */
const MET =
  /deadlock|could not serialize|unique|duplicate|transaction is aborted|Record was removed|not.null/i;

/**
 * Everything an application does to its rows, told by a seed: single writes, transactions of several with savepoints that
 * are rolled back, whole ones that are, statements that fail. On SQLite transactions run one at a time, because there
 * TypeORM itself breaks where they interleave.
 */
export class Workload {
  #turn: Promise<unknown> = Promise.resolve();
  readonly #isSqlite: boolean;

  constructor(private readonly options: WorkloadOptions) {
    this.#isSqlite = options.dataSource.options.type === 'better-sqlite3';
  }

  /** Does the steps with these numbers. @throws what no application would expect */
  async run(from: number, to: number): Promise<void> {
    let next = from;
    const worker = async (): Promise<void> => {
      for (let step = next++; step <= to; step = next++) await this.#step(step);
    };
    await Promise.all(Array.from({ length: this.options.parallel }, worker));
  }

  async #step(step: number): Promise<void> {
    const { dataSource, seed } = this.options;
    const chance = random(seed * 100_003 + step);
    const name = `${seed}-${step}`;
    try {
      const single = chance.pick(WRITES);
      if (chance.below(3) === 0) await this.#alone(() => this.#transaction(chance, name));
      else if (single === insert) await insert(dataSource.manager, chance, name);
      // `save()` is a transaction, too.
      else await this.#alone(() => single(dataSource.manager, chance, name));
    } catch (error) {
      if (!(error instanceof Planned) && !MET.test(String(error))) throw error;
    }
  }

  async #transaction(chance: Random, name: string): Promise<void> {
    const isDoomed = chance.below(4) === 0;
    const prefix = isDoomed ? 'doomed-' : '';
    await this.options.dataSource.transaction(async (manager) => {
      const writes = 1 + chance.below(4);
      for (let index = 0; index < writes; index++) {
        const part = `${prefix}${name}.${index}`;
        const kind = chance.below(6);
        if (kind === 0) await savepoint(manager, chance, part);
        else if (kind === 1) await swallowed(manager, part);
        else await chance.pick(WRITES)(manager, chance, part);
      }
      if (isDoomed) throw new Planned('rolled back');
    });
  }

  /** One after the other on SQLite, at once elsewhere. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isSqlite) return work();
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** A part of a transaction that is rolled back, or not. */
async function savepoint(manager: EntityManager, chance: Random, name: string): Promise<void> {
  const isDoomed = chance.below(2) === 0;
  const inner = manager.transaction(async (nested) => {
    await chance.pick(WRITES)(nested, chance, `${isDoomed ? 'doomed-' : ''}${name}/1`);
    await chance.pick(WRITES)(nested, chance, `${isDoomed ? 'doomed-' : ''}${name}/2`);
    if (isDoomed) throw new Planned('rolled back to the savepoint');
  });
  await inner.catch((error: unknown) => {
    if (!(error instanceof Planned)) throw error;
  });
}

/** A statement that fails, and an application that does not care: PostgreSQL then answers the COMMIT with ROLLBACK. */
async function swallowed(manager: EntityManager, name: string): Promise<void> {
  await manager.insert(Book, book(`${name}/once`));
  await manager.insert(Book, book(`${name}/once`)).catch(() => undefined);
}
