import { Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import Database from 'libsql';
import { DataSource, EntitySchema } from 'typeorm';
import { describe, expect, it } from 'vitest';
import type { BroadcastDefaults } from '../../src/broadcast/broadcast-options.js';
import { BroadcastService } from '../../src/broadcast/broadcast.service.js';
import { MercureError } from '../../src/errors.js';
import { Book, ENTITIES, Visit } from './entities.js';
import { PUBLIC_URL, RecordingLogger, RecordingPublisher } from './recording.js';

const sqlite = (name?: string) => ({
  type: 'better-sqlite3' as const,
  driver: Database,
  database: ':memory:',
  entities: ENTITIES,
  synchronize: true,
  ...(name !== undefined && { name }),
});

interface Application {
  readonly module: TestingModule;
  readonly publisher: RecordingPublisher;
  readonly logger: RecordingLogger;
  readonly service: BroadcastService;
}

async function start(
  imports: NonNullable<Parameters<typeof Module>[0]['imports']>,
  broadcast?: BroadcastDefaults | false,
  publicUrl: string | null = PUBLIC_URL,
): Promise<Application> {
  const publisher = new RecordingPublisher();
  const logger = new RecordingLogger();
  const module = await Test.createTestingModule({
    imports,
    providers: [
      {
        provide: BroadcastService,
        useFactory: (modules: ModulesContainer) =>
          new BroadcastService({ publisher, modules, broadcast, logger, publicUrl: publicUrl ?? undefined }),
        inject: [ModulesContainer],
      },
    ],
  }).compile();
  await module.init();
  return { module, publisher, logger, service: module.get(BroadcastService) };
}

describe('BroadcastService', () => {
  it('follows the DataSource of the application', async () => {
    const { module, service, publisher } = await start([TypeOrmModule.forRoot(sqlite())]);
    await module.get(DataSource).manager.save(Book, { title: 'a' });
    await service.flush();
    expect(publisher.told).toEqual(['/books/1 a']);
    await module.close();
  });

  it('follows several, each once', async () => {
    const { module, service, publisher } = await start([
      TypeOrmModule.forRoot(sqlite()),
      TypeOrmModule.forRoot(sqlite('second')),
    ]);
    const [first, second] = [module.get(DataSource), module.get<DataSource>(getDataSourceToken('second'))];
    await first.manager.save(Book, { title: 'a' });
    await second.manager.save(Book, { title: 'b' });
    await service.flush();
    await service.onModuleInit();
    expect(publisher.told).toEqual(['/books/1 a', '/books/1 b']);
    expect([first, second].map(({ subscribers }) => subscribers.length)).toEqual([1, 1]);
    await module.close();
  });

  it('follows those named in "dataSources" only', async () => {
    const { module, service, publisher } = await start(
      [TypeOrmModule.forRoot(sqlite()), TypeOrmModule.forRoot(sqlite('second'))],
      { dataSources: [getDataSourceToken('second') as string] },
    );
    await module.get(DataSource).manager.save(Book, { title: 'a' });
    await module.get<DataSource>(getDataSourceToken('second')).manager.save(Book, { title: 'b' });
    await service.flush();
    expect(publisher.told).toEqual(['/books/1 b']);
    await module.close();
  });

  it('refuses to start for a token that provides no DataSource, naming it', async () => {
    const error = await start([TypeOrmModule.forRoot(sqlite())], { dataSources: ['thirdDataSource'] }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(MercureError);
    expect(error).toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringContaining('"thirdDataSource"'),
    });
  });

  it('refuses to start for a default topic without publicUrl, naming it', async () => {
    const error = await start([TypeOrmModule.forRoot(sqlite())], undefined, null).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'BROADCAST_INVALID', message: expect.stringContaining('publicUrl') });
  });

  it('follows a DataSource that is initialized later, and again after it was closed', async () => {
    const { module, service, publisher } = await start([
      TypeOrmModule.forRoot({ ...sqlite(), manualInitialization: true }),
    ]);
    const dataSource = module.get(DataSource);
    await dataSource.initialize();
    await dataSource.manager.save(Book, { title: 'a' });
    await dataSource.destroy();
    await dataSource.initialize();
    await dataSource.manager.save(Book, { title: 'b' });
    await service.flush();
    expect(publisher.told).toEqual(['/books/1 a', '/books/1 b']);
    await module.close();
  });

  it('follows nothing when broadcast is false', async () => {
    const { module, service, publisher } = await start([TypeOrmModule.forRoot(sqlite())], false);
    await module.get(DataSource).manager.save(Book, { title: 'a' });
    await service.flush();
    expect(publisher.told).toEqual([]);
    await module.close();
  });

  it('does nothing without a DataSource', async () => {
    const { module, service } = await start([]);
    await expect(service.flush()).resolves.toBeUndefined();
    await module.close();
  });

  it('leaves a DataSource without decorated entities alone', async () => {
    const { module } = await start([TypeOrmModule.forRoot({ ...sqlite(), entities: [Visit] })]);
    expect(module.get(DataSource).subscribers).toEqual([]);
    await module.close();
  });

  it('hands over what is on its way before the connections close', async () => {
    const { module, publisher, logger } = await start([TypeOrmModule.forRoot(sqlite())]);
    publisher.before = () => new Promise((resolve) => setTimeout(resolve, 20));
    const { manager } = module.get(DataSource);
    await manager.save(Book, { title: 'a' });
    await manager.insert(Book, { title: 'b' });
    await module.close();
    expect(publisher.told).toEqual(['/books/1 a', '/books/2 b']);
    expect(logger.lines).toEqual([]);
  });

  it('is not fooled by providers that look at nobody', async () => {
    @Module({
      providers: [
        {
          provide: 'shy',
          useValue: {
            get isInitialized(): boolean {
              throw new Error('do not look');
            },
          },
        },
      ],
    })
    class ShyModule {}
    const { module } = await start([ShyModule]);
    await module.close();
  });

  it('its scopes and its switch hold for what is written in them', async () => {
    const { module, service, publisher } = await start([TypeOrmModule.forRoot(sqlite())]);
    const { manager } = module.get(DataSource);
    const save = (title: string) => manager.save(Book, { title });
    expect((await service.suppress(() => save('a'))).title).toBe('a');
    expect((await service.originate('eve', () => save('b'))).title).toBe('b');
    service.enabled = false;
    await save('c');
    service.enabled = true;
    await save('d');
    await service.flush();
    expect(publisher.told).toEqual(['/books/2 b', '/books/4 d']);
    expect(publisher.updates[0]?.data).toContain('"originator":"eve"');
    await module.close();
  });

  it('a shutdown tells what waits in a window', async () => {
    const { module, service, publisher } = await start([TypeOrmModule.forRoot(sqlite())]);
    service.register(Visit, { topic: '/visits/{id}', windowMs: 3_600_000 });
    const { manager } = module.get(DataSource);
    for (const page of ['a', 'b', 'c']) await manager.save(Visit, { id: 1, page });
    await module.close();
    expect(publisher.updates.map(({ data }) => data)).toEqual(['{"id":1,"page":"a"}', '{"id":1,"page":"c"}']);
  });

  describe('register()', () => {
    interface Cat {
      id: number;
      title: string;
    }
    const Cats = new EntitySchema<Cat>({
      name: 'Cat',
      columns: { id: { type: 'int', primary: true }, title: { type: 'varchar' } },
    });
    const withCats = () => TypeOrmModule.forRoot({ ...sqlite(), entities: [...ENTITIES, Cats] });

    it('declares an entity schema, before or after the DataSource is followed', async () => {
      const { module, service, publisher } = await start([withCats()]);
      const { manager } = module.get(DataSource);
      await manager.save(Cats, { id: 1, title: 'a' });
      service.register(Cats, { topic: ({ id }: Cat) => `/c/${id}` });
      service.register('Cat', { topic: '/cats/{id}' });
      await manager.save(Cats, { id: 1, title: 'b' });
      await manager.delete('Cat', { id: 1 });
      await service.flush();
      expect(publisher.told).toEqual(['/c/1 b', '/cats/1 b']);
      await module.close();
    });

    it('declares a class, in this application only', async () => {
      const [first, second] = await Promise.all([
        start([TypeOrmModule.forRoot(sqlite())]),
        start([TypeOrmModule.forRoot(sqlite())]),
      ]);
      first.service.register(Visit, { topic: ({ page }) => page });
      for (const { module } of [first, second]) {
        await module.get(DataSource).manager.save(Visit, { page: '/p' });
      }
      await Promise.all([first.service.flush(), second.service.flush()]);
      expect([first, second].map(({ publisher }) => publisher.told)).toEqual([['/p'], []]);
      await Promise.all([first.module.close(), second.module.close()]);
    });

    it('adds to what a decorator declares', async () => {
      const { module, service, publisher } = await start([TypeOrmModule.forRoot(sqlite())]);
      service.register(Book, { topic: '/all-books' });
      await module.get(DataSource).manager.save(Book, { title: 'a' });
      await service.flush();
      expect(publisher.told).toEqual(['/books/1 a', '/all-books a']);
      await module.close();
    });

    it('reaches a DataSource that is initialized later', async () => {
      const { module, service, publisher } = await start([
        TypeOrmModule.forRoot({ ...sqlite(), entities: [Cats], manualInitialization: true }),
      ]);
      service.register(Cats, {});
      const { manager } = await module.get(DataSource).initialize();
      await manager.save(Cats, { id: 1, title: 'a' });
      await service.flush();
      expect(publisher.told).toEqual(['/cats/1 a']);
      await module.close();
    });

    it('refuses options as a decorator does, with the entity and the key', async () => {
      const { module, service } = await start([withCats()]);
      const options = { topics: '/cats/{id}' };
      expect(() => service.register(Cats, options as never)).toThrow(/"Cat": unknown option "topics"/);
      service.register(Visit, { topic: '/visits/{id}' });
      await module.close();
    });
  });
});
