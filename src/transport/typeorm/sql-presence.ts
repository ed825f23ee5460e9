import { createHash } from 'node:crypto';
import type { PresenceEntry } from '../abilities.js';
import type { PresenceStore, Renewed } from '../presence/presence-store.js';
import { asText } from './batch.js';
import type { Line, Query } from './line.js';

/** What engines say in their own way. Values stand as `?`. */
export interface PresenceDialect {
  /** Names of the tables, quoted. */
  readonly node: string;
  readonly subscriber: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly clock: string;
  /** Statements as the driver takes them. */
  readonly bind: (sql: string) => string;
  /** Text of any kind, as the driver takes it. */
  readonly asValue: (text: string) => unknown;
  /** Whether a column has one of the values of one parameter. */
  readonly isOneOf: (column: string) => string;
  /** The end of an INSERT. */
  readonly orLeave: (key: string) => string;
  readonly orReplace: (key: string, column: string) => string;
}

/** Read by one statement. */
const PAGE = 1000;
const MAX_DEAD = 10;

/** The subscriptions of nodes in a database. Ids are found by what is made of them: an index holds no text of any length. */
export class SqlPresence implements PresenceStore {
  constructor(
    private readonly line: Pick<Line<unknown>, 'query' | 'transaction'>,
    private readonly dialect: () => PresenceDialect,
    readonly leaseMs: number,
  ) {}

  renew(node: string, gone: readonly string[], there: readonly PresenceEntry[] = []): Promise<Renewed> {
    const { node: nodes, subscriber, clock, isOneOf, orLeave, orReplace, asValue } = this.dialect();
    return this.transaction(async (query) => {
      // There first, so that it can be locked: who takes it over waits, or this one does.
      await query(`INSERT INTO ${nodes} (name, ends_at) VALUES (?, 0) ${orLeave('name')}`, [node]);
      const [lease] = await query(`SELECT ends_at >= ${clock} FROM ${nodes} WHERE name = ? FOR UPDATE`, [
        node,
      ]);
      await query(`UPDATE ${nodes} SET ends_at = ${clock} + ? WHERE name = ?`, [this.leaseMs, node]);
      if (gone.length > 0) {
        await query(`DELETE FROM ${subscriber} WHERE node = ? AND ${isOneOf('id_key')}`, [
          node,
          gone.map(keyOf),
        ]);
      }
      if (there.length > 0) {
        await query(
          `INSERT INTO ${subscriber} (node, id_key, id, body) VALUES ${there.map(() => '(?, ?, ?, ?)').join()}
           ${orReplace('node, id_key', 'body')}`,
          there.flatMap(({ id, text }) => [node, keyOf(id), asValue(id), asValue(text)]),
        );
      }
      const [count] = await query(`SELECT count(*) FROM ${subscriber} WHERE node = ?`, [node]);
      return { wasRunning: Number(lease![0]) === 1, count: Number(count![0]) };
    });
  }

  async nodes(): Promise<{ readonly living: readonly string[]; readonly dead: readonly string[] }> {
    const { node, clock } = this.dialect();
    const rows = await this.query(`SELECT name, ends_at >= ${clock} FROM ${node}`);
    const named = (alive: number): string[] =>
      rows.filter((row) => Number(row[1]) === alive).map(([name]) => asText(name));
    return { living: named(1), dead: named(0).slice(0, MAX_DEAD) };
  }

  takeOver(dead: string, name: string): Promise<boolean> {
    const { node, subscriber, clock } = this.dialect();
    return this.transaction(async (query) => {
      const [lease] = await query(`SELECT ends_at >= ${clock} FROM ${node} WHERE name = ? FOR UPDATE`, [
        dead,
      ]);
      if (!lease || Number(lease[0]) === 1) return false;
      await query(`DELETE FROM ${node} WHERE name = ?`, [dead]);
      const left = await query(`SELECT 1 FROM ${subscriber} WHERE node = ? LIMIT 1`, [dead]);
      if (left.length === 0) return false;
      await query(`UPDATE ${subscriber} SET node = ? WHERE node = ?`, [name, dead]);
      await query(`INSERT INTO ${node} (name, ends_at) VALUES (?, ${clock} + ?)`, [name, this.leaseMs]);
      return true;
    });
  }

  async *pagesOf(node: string): AsyncGenerator<readonly PresenceEntry[], void, void> {
    const { subscriber } = this.dialect();
    let after = '';
    for (;;) {
      const rows = await this.query(
        `SELECT id_key, id, body FROM ${subscriber} WHERE node = ? AND id_key > ? ORDER BY id_key LIMIT ${PAGE}`,
        [node, after],
      );
      yield rows.map(([, id, body]) => ({ id: asText(id), text: asText(body) }));
      if (rows.length < PAGE) return;
      after = asText(rows.at(-1)![0]);
    }
  }

  async clear(node: string): Promise<void> {
    await this.query(`DELETE FROM ${this.dialect().subscriber} WHERE node = ?`, [node]);
  }

  async remove(node: string): Promise<void> {
    const { node: nodes, subscriber } = this.dialect();
    await this.transaction(async (query) => {
      await query(`DELETE FROM ${nodes} WHERE name = ?`, [node]);
      await query(`DELETE FROM ${subscriber} WHERE node = ?`, [node]);
    });
  }

  private query(sql: string, values?: readonly unknown[]): Promise<unknown[][]> {
    return this.line.query(this.dialect().bind(sql), values);
  }

  private transaction<T>(statements: (query: Query) => Promise<T>): Promise<T> {
    const { bind } = this.dialect();
    return this.line.transaction((query) => statements((sql, values) => query(bind(sql), values)));
  }
}

function keyOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
