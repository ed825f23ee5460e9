import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Engine } from './engine.js';
import { prefixOf, withPrefix } from './prefix.js';

export const MARIADB_URL = process.env['MARIADB_URL'] ?? 'mysql://root@127.0.0.1:3306/test';

export const mariadb: Engine = {
  title: 'MariaDB',
  place: 'MARIADB_URL',
  url: (hub) => withPrefix(MARIADB_URL, hub),
  answer: () => withConnection(async (connection) => void (await connection.query('SELECT 1'))),
  unsynced: () =>
    withConnection(async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT @@innodb_flush_log_at_trx_commit AS level',
      );
      const level = Number(rows[0]!['level']);
      return level === 1 ? undefined : `its innodb_flush_log_at_trx_commit is ${level}`;
    }),
  clear: (hub) =>
    withConnection(async (connection) => {
      const found = `SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = DATABASE() AND LEFT(table_name, CHAR_LENGTH(?)) = ?`;
      const [rows] = await connection.query<RowDataPacket[]>(found, [prefixOf(hub), prefixOf(hub)]);
      for (const { name } of rows as { name: string }[]) await connection.query('DROP TABLE ??', [name]);
    }),
};

async function withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ uri: MARIADB_URL, connectTimeout: 5000 });
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}
