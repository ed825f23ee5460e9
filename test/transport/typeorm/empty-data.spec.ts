import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { typeOrm } from '../../../src/transport/typeorm/type-orm.js';

it('an update without data is stored in SQLite, also alone: libsql binds an empty buffer as NULL', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'empty-data-'));
  const transport = typeOrm({ url: `sqlite://${join(directory, 'log.db')}` });
  onTestFinished(async () => {
    await transport.close();
    await rm(directory, { recursive: true, force: true });
  });
  const { position } = await transport.start({ appended: () => undefined, gap: () => undefined });
  await transport.append([{ id: 'a', topics: ['t'], data: '', private: false }]);
  expect(await transport.locate('a')).toMatchObject({ found: true });
  expect(position).toBeDefined();
});
