import { onTestFinished } from 'vitest';
import { typeOrm, type TypeOrmTransport, type TypeOrmTransportOptions } from '../../../src/typeorm.js';
import { ContractNode } from '../../../src/testing/contract-node.js';
import { mariadbAnswers } from '../../support/mariadb.js';
import { postgresAnswers } from '../../support/postgres.js';
import {
  mariadbStore,
  postgresStore,
  sqliteStore,
  type Store,
} from '../../transport/typeorm/support/stores.js';

export interface SqlNode extends ContractNode {
  readonly transport: TypeOrmTransport;
  /** What its operator was told. */
  readonly warnings: readonly string[];
}

type Options = Partial<Omit<TypeOrmTransportOptions, 'url' | 'dataSource'>> & {
  /** How long a publication may wait. Milliseconds. */
  readonly dispatchTimeoutMs?: number;
};

/** Longer than any run here: a guard, never a measurement. Milliseconds. */
const PATIENCE_MS = 60_000;

/** A node with connections of its own, closed with the test. */
export async function sqlNode(
  from: Pick<TypeOrmTransportOptions, 'url' | 'dataSource'>,
  { dispatchTimeoutMs = 5000, ...options }: Options = {},
): Promise<SqlNode> {
  const transport = typeOrm({ migrate: true, ...from, ...options } as TypeOrmTransportOptions);
  const warnings: string[] = [];
  transport.enter({
    dispatchTimeoutMs,
    findDataSource: () => {
      throw new Error('no application');
    },
    warn: (message) => warnings.push(message),
  });
  const node = await ContractNode.start(transport, PATIENCE_MS);
  onTestFinished(() => transport.close());
  return Object.assign(node as SqlNode, { warnings });
}

/** A database of the test's own, dropped with it. */
export async function storeOf(makeStore: () => Promise<Store>): Promise<Store> {
  const store = await makeStore();
  onTestFinished(() => store.drop());
  return store;
}

/** The servers of the suites that answer, as rows. */
export async function servers(suite: string): Promise<{ name: string; makeStore: () => Promise<Store> }[]> {
  return [
    ...((await postgresAnswers(suite)) ? [{ name: 'PostgreSQL', makeStore: postgresStore }] : []),
    ...((await mariadbAnswers(suite)) ? [{ name: 'MariaDB', makeStore: mariadbStore }] : []),
  ];
}

export async function engines(suite: string): Promise<{ name: string; makeStore: () => Promise<Store> }[]> {
  return [{ name: 'SQLite', makeStore: sqliteStore }, ...(await servers(suite))];
}
