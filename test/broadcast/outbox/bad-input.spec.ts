import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Column, type DataSource, Entity, PrimaryColumn } from 'typeorm';
import { Broadcast } from '../../../src/broadcast/broadcast.decorator.js';
import { EntityBroadcaster } from '../../../src/broadcast/entity-broadcaster.js';
import { MercureError } from '../../../src/errors.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from '../databases.js';
import { PUBLIC_URL, RecordingLogger } from '../recording.js';
import { type OutboxApp, OUTBOXES, startOutboxApp } from './outbox-app.js';

const there = await answering('test/broadcast/outbox/bad-input');

class Row {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar', default: 'good' })
  kind!: string;
}

/** Each is bad in one way, where its `kind` is. */
@Broadcast<Thrower>({
  topic: ({ id, kind }) => {
    if (kind === 'bad') throw new Error('no topic today');
    return `https://example.com/throwers/${id}`;
  },
})
@Entity()
class Thrower extends Row {}

@Broadcast<NoString>({
  topic: ({ id, kind }) =>
    (kind === 'bad' ? { id } : `https://example.com/no-strings/${id}`) as unknown as string,
})
@Entity()
class NoString extends Row {}

@Broadcast<Circular>({
  topic: '/circulars/{id}',
  serialize: (row) => (row.kind === 'bad' ? Object.assign(row, { itself: row }) : row),
})
@Entity()
class Circular extends Row {}

@Broadcast<Refused>({
  topic: ({ id, kind }) => `https://example.com/refused/${kind === 'bad' ? 'x'.repeat(9_000) : id}`,
})
@Entity()
class Refused extends Row {}

const ENTITIES = [Thrower, NoString, Circular, Refused];
const BAD = [
  ['a topic function that throws', Thrower, /no topic today/, /Correct its functions/],
  ['a topic function that returns no string', NoString, /topic/, /Correct its functions|Return/],
  ['a payload that does not serialise', Circular, /circular/i, /Correct its functions/],
  ['an update that the hub refuses', Refused, /"topic" field is too long/, /at most 8192 bytes/],
] as const;

describe.each(OUTBOXES)('bad input under an outbox, a %s in %s', (kind, name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let app: OutboxApp;

    beforeAll(async () => {
      database = await openDatabase(name, `outbox_bad_${kind}`, ENTITIES);
      ({ dataSource } = database);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      app = await startOutboxApp(kind, dataSource);
    });
    afterEach(() => app?.close());

    it.each(BAD)(
      '%s fails the transaction with an error that says what to do',
      async (_, entity, reason, remedy) => {
        const write = () =>
          dataSource.transaction(async (manager) => {
            await manager.save(entity, { id: 1 });
            await manager.save(entity, { id: 2, kind: 'bad' });
          });
        const error = await write().catch((reason: unknown) => reason as MercureError);
        expect(error).toBeInstanceOf(MercureError);
        expect(error).toMatchObject({
          code: 'BROADCAST_FAILED',
          message: expect.stringMatching(reason) as string,
          remedy: expect.stringMatching(remedy) as string,
        });
        expect((error as MercureError).message).toMatch(`entity "${entity.name}" (create)`);
        await expect(write()).rejects.toThrow('The transaction is not committed');
        expect(await dataSource.manager.count(entity)).toBe(0);
        expect(await app.told()).toEqual([]);
        expect(app.logger.lines, 'once for its cause').toEqual([
          expect.stringMatching(`^error Broadcast of entity "${entity.name}" \\(create\\): `),
        ]);
        await dataSource.manager.save(entity, { id: 3 });
        expect(await app.told(), 'the next is none the worse for it').toHaveLength(1);
      },
    );

    it('a table that is not there fails the transaction', async () => {
      const table = kind === 'table' ? 'mercure_outbox' : 'mercure_update';
      const { schema } = dataSource.options as { schema?: string };
      await dataSource.query(`DROP TABLE ${schema ? `${schema}.` : ''}${table}`);
      await expect(dataSource.manager.save(Thrower, { id: 1 })).rejects.toMatchObject({
        code: 'BROADCAST_FAILED',
        cause: expect.objectContaining({ message: expect.stringContaining(table) as string }) as Error,
      });
      expect(await dataSource.manager.count(Thrower)).toBe(0);
    });
  });
});

describe.each(DATABASES)('bad input under delivery in memory, on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;

    beforeAll(async () => {
      database = await openDatabase(name, 'memory_bad', ENTITIES);
    });
    afterAll(() => database?.drop());

    it.each(BAD)('%s costs its own update, and nothing else', async (_, entity, reason, remedy) => {
      const { dataSource } = database;
      await database.empty();
      const told: string[] = [];
      const logger = new RecordingLogger();
      const broadcaster = new EntityBroadcaster({
        publicUrl: PUBLIC_URL,
        logger,
        publisher: {
          publishAll: async (inputs) => {
            if (inputs.some(({ topic }) => String(topic).length > 8192))
              throw new MercureError(
                'UPDATE_TOO_LARGE',
                413,
                '"topic" field is too long',
                'A topic has at most 8192 bytes.',
              );
            told.push(...inputs.map(({ topic }) => String(topic)));
          },
        },
      });
      broadcaster.attach(dataSource);
      await dataSource.transaction(async (manager) => {
        await manager.save(entity, { id: 1 });
        await manager.save(entity, { id: 2, kind: 'bad' });
      });
      await dataSource.manager.save(entity, { id: 3, kind: 'bad' });
      await broadcaster.flush();
      dataSource.subscribers.length = 0;
      expect(await dataSource.manager.count(entity)).toBe(3);
      expect(told).toEqual([expect.stringMatching(/\/1$/)]);
      const [line] = logger.lines;
      expect(logger.lines).toHaveLength(1);
      expect(line).toMatch(`entity "${entity.name}" (create)`);
      expect(line).toMatch(reason);
      expect(line).toMatch(remedy);
    });
  });
});
