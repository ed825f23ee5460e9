import type { DataSource } from 'typeorm';
import { Line, type LineDriver } from '../line.js';
import { mysqlFault } from './mysql-fault.js';

/** What is used of mysql2's connection. */
export interface MysqlClient {
  query(
    query: { sql: string; values: readonly unknown[]; rowsAsArray: true },
    answer: (error: Error | null, result: unknown) => void,
  ): void;
  on(event: 'error' | 'end', listener: () => void): this;
  destroy(): void;
}

export type MysqlLine = Line<MysqlClient>;

/**
 * Whoever is cut off in the middle of an append holds the row of the sequence, and with it all publishers, for as long as
 * the server takes the connection for alive: hours. MariaDB ends it after these seconds; MySQL does not know the setting,
 * which is no matter.
 */
const NOT_FOR_EVER = 'SET SESSION idle_write_transaction_timeout = 5';

/** A connection of a DataSource. What a statement without rows answers is its insert id, as the only row. */
export function mysqlLine(source: DataSource, timeoutMs: number): MysqlLine {
  const { driver } = source as unknown as { driver: { obtainMasterConnection(): Promise<MysqlClient> } };
  return new Line<MysqlClient>(
    {
      async obtain() {
        const client = await driver.obtainMasterConnection();
        client.query({ sql: NOT_FOR_EVER, values: [], rowsAsArray: true }, () => undefined);
        return { client, end: () => client.destroy() };
      },
      run: (client, sql, values) =>
        new Promise((resolve, reject) => {
          client.query({ sql, values, rowsAsArray: true }, (error, result) => {
            if (error) reject(error);
            else if (Array.isArray(result)) resolve(result as unknown[][]);
            else resolve([[(result as { insertId: unknown }).insertId]]);
          });
        }),
      faultOf: mysqlFault,
      onLost: (client, lost) => client.on('error', lost).on('end', lost),
    } satisfies LineDriver<MysqlClient>,
    timeoutMs,
  );
}
