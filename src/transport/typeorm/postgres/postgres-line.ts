import type { DataSource } from 'typeorm';
import { Line, type LineDriver } from '../line.js';
import { postgresFault } from './postgres-fault.js';

/** What is used of node-postgres' client. */
export interface PostgresClient {
  /** As whoever answered when it connected told it. */
  readonly processID?: number;
  query(query: {
    text: string;
    values?: readonly unknown[];
    rowMode: 'array';
  }): Promise<{ rows: unknown[][] }>;
  on(event: 'notification', listener: (message: { payload?: string }) => void): this;
  on(event: 'error' | 'end', listener: () => void): this;
}

type Obtain = () => Promise<[client: PostgresClient, release: (error?: Error) => void]>;

export type PostgresLine = Line<PostgresClient>;

/** A connection of a DataSource. Statements have no names, so that a pooler may stand in between. */
export function postgresLine(source: DataSource, timeoutMs: number): PostgresLine {
  const { driver } = source as unknown as { driver: { obtainMasterConnection: Obtain } };
  return new Line<PostgresClient>(
    {
      async obtain() {
        const [client, end] = await driver.obtainMasterConnection();
        return { client, end };
      },
      async run(client, text, values) {
        const { rows } = await client.query({ text, values, rowMode: 'array' });
        return rows;
      },
      faultOf: postgresFault,
      onLost: (client, lost) => client.on('error', lost).on('end', lost),
    } satisfies LineDriver<PostgresClient>,
    timeoutMs,
  );
}
