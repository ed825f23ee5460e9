// An application of the tests as a process of its own: it publishes what triggers wrote, until it is killed.
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { memory } from '../../../src/transport/memory-transport.js';
import { typeOrm } from '../../../src/transport/typeorm/type-orm.js';
import { POSTGRES_URL } from '../../support/postgres.js';
import { ENTITIES } from './entities.js';
import { startTriggerApp } from './trigger-app.js';

const { SCHEMA = '', TRANSPORT = 'memory', STALL = '' } = process.env;

const dataSource = await new DataSource({
  type: 'postgres',
  url: POSTGRES_URL,
  schema: SCHEMA,
  entities: ENTITIES,
}).initialize();
const transport = TRANSPORT === 'memory' ? memory() : typeOrm({ dataSource, migrate: true });
const app = await startTriggerApp(dataSource, { transport });
app.after = (updates) => {
  for (const { id, topics } of updates) console.log(`published ${id} ${topics[0]}`);
  if (!updates.some(({ data }) => STALL !== '' && data.includes(`"${STALL}"`))) return undefined;
  // The hub has them, and the queue does not know it yet.
  console.log('stalled');
  return new Promise(() => undefined);
};
console.log('started');
for (const look = setInterval(() => undefined, 1_000); look.hasRef();) {
  const [status] = await app.broadcaster.status();
  if (status?.leading) {
    console.log('leading');
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}
