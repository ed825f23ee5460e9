import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Column, DataSource, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import { postgresAnswers, query } from '../support/postgres.js';
import { openDatabase, schemaOf, type TestDatabase } from './databases.js';
import { recordingBroadcaster } from './recording.js';

const postgres = await postgresAnswers('test/broadcast/reads');

@Broadcast()
@Entity()
class Essay {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;
}

@Broadcast()
@Entity()
class Seat {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'int' })
  row!: number;
}

describe.skipIf(!postgres)('reads in the application’s transaction on PostgreSQL', () => {
  const SCHEMA = schemaOf('reads');
  const ROLE = `${SCHEMA}_app`;
  let database: TestDatabase;
  let dataSource: DataSource;
  let recording: ReturnType<typeof recordingBroadcaster>;

  beforeAll(async () => {
    database = await openDatabase('PostgreSQL', 'reads', [Essay, Seat]);
    await query(
      `DROP ROLE IF EXISTS ${ROLE}`,
      `CREATE ROLE ${ROLE} NOSUPERUSER`,
      `GRANT USAGE ON SCHEMA ${SCHEMA} TO ${ROLE}`,
      `GRANT ALL ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${ROLE}`,
      `GRANT ALL ON ALL SEQUENCES IN SCHEMA ${SCHEMA} TO ${ROLE}`,
      // The key may be read, which INSERT … RETURNING needs; the rest of the row may not.
      `REVOKE SELECT ON ${SCHEMA}.essay FROM ${ROLE}`,
      `GRANT SELECT (id) ON ${SCHEMA}.essay TO ${ROLE}`,
    );
    dataSource = await new DataSource({
      ...database.options,
      synchronize: false,
      extra: { options: `-c role=${ROLE}` },
    }).initialize();
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await query(`DROP OWNED BY ${ROLE}`, `DROP ROLE ${ROLE}`);
    await database?.drop();
  });
  beforeEach(async () => {
    await query(`TRUNCATE ${SCHEMA}.essay, ${SCHEMA}.seat RESTART IDENTITY CASCADE`);
    recording = recordingBroadcaster();
    recording.broadcaster.attach(dataSource);
  });
  afterEach(() => {
    dataSource.subscribers.length = 0;
  });

  const titles = async (): Promise<string[]> =>
    (await database.dataSource.manager.find(Essay, { order: { id: 'ASC' } })).map(({ title }) => title);

  it('a read that fails costs the application nothing: the row is saved, the miss is logged once', async () => {
    const saved = await dataSource.manager.save(Essay, { title: 'a' });
    await dataSource.manager.save(Essay, { title: 'b' });
    await recording.broadcaster.flush();
    expect(saved.id).toBe(1);
    expect(await titles()).toEqual(['a', 'b']);
    expect(recording.publisher.told).toEqual([]);
    expect(recording.logger.lines).toEqual([
      expect.stringMatching(
        /^error Broadcast of entity "Essay" \(create\): permission denied .*essay.*\. The row is saved/,
      ),
    ]);
  });

  it('a read that fails costs other entities of the transaction nothing', async () => {
    const id = '6f1ed002-ab5c-4c6c-8f45-0c8a8d3f1a11';
    await dataSource.transaction(async (manager) => {
      await manager.save(Essay, { title: 'a' });
      await manager.insert(Seat, { id, row: 1 });
    });
    await recording.broadcaster.flush();
    expect(await titles()).toEqual(['a']);
    expect(recording.publisher.told).toEqual([`/seats/${id}`]);
  });

  it('a read that fails does not take along what another subscriber writes before the commit', async () => {
    const id = '6f1ed002-ab5c-4c6c-8f45-0c8a8d3f1a11';
    dataSource.subscribers.push({
      async beforeTransactionCommit({ manager }) {
        await manager.query(`INSERT INTO ${SCHEMA}.seat VALUES ($1, 1)`, [id]);
      },
    });
    await dataSource.manager.save(Essay, { title: 'a' });
    await recording.broadcaster.flush();
    expect(await titles()).toEqual(['a']);
    expect(await database.dataSource.manager.countBy(Seat, { id })).toBe(1);
  });

  it('an autocommit write whose read fails is saved, and the miss logged', async () => {
    await dataSource.manager.insert(Essay, { title: 'a' });
    await recording.broadcaster.flush();
    expect(await titles()).toEqual(['a']);
    expect(recording.logger.lines).toEqual([expect.stringContaining('permission denied')]);
  });

  it('a criteria write whose rows may not be read is done, with its result, in a transaction too', async () => {
    await dataSource.manager.insert(Essay, [{ title: 'a' }, { title: 'b' }]);
    await recording.broadcaster.flush();
    dataSource.subscribers.length = 0;
    recording = recordingBroadcaster({ bulk: 'ids' });
    recording.broadcaster.attach(dataSource);
    const result = await dataSource.manager.update(Essay, { id: 1 }, { title: 'c' });
    expect(result).toEqual({ generatedMaps: [], raw: [], affected: 1 });
    await dataSource.transaction(async (manager) => {
      await manager.delete(Essay, { id: 2 });
      await manager.insert(Seat, { id: '6f1ed002-ab5c-4c6c-8f45-0c8a8d3f1a11', row: 1 });
    });
    await recording.broadcaster.flush();
    expect(await titles()).toEqual(['c']);
    expect(recording.publisher.told).toEqual(['/seats/6f1ed002-ab5c-4c6c-8f45-0c8a8d3f1a11']);
    expect(recording.logger.lines.map((line) => line.slice(0, 60))).toEqual([
      expect.stringContaining('error Broadcast of entity "Essay" (update): permission'),
      expect.stringContaining('warn Broadcast of entity "Essay" (update): a write did'),
      expect.stringContaining('error Broadcast of entity "Essay" (delete): permission'),
      expect.stringContaining('warn Broadcast of entity "Essay" (delete): a write did'),
    ]);
  });

  it('a key that the database spells in its own way is the same row', async () => {
    const ids = ['6F1ED002-AB5C-4C6C-8F45-0C8A8D3F1A11', '6F1ED002-AB5C-4C6C-8F45-0C8A8D3F1A12'];
    await dataSource.transaction(async (manager) => {
      for (const id of ids) await manager.insert(Seat, { id, row: 1 });
    });
    await recording.broadcaster.flush();
    expect(recording.publisher.told).toEqual(ids.map((id) => `/seats/${id.toLowerCase()}`));
  });
});
