import { Body, Controller, type INestApplication, Inject, Param, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BroadcastService, MercureModule, type MercureOptions, MercureService } from '../../../src/index.js';
import { memory } from '../../../src/transport/memory-transport.js';
import { unavailable } from '../../../src/transport/typeorm/store-fault.js';
import { typeOrm } from '../../../src/transport/typeorm/type-orm.js';
import type { Transport } from '../../../src/transport/transport.js';
import { unhung } from '../../support/byte-log.js';
import { eventually } from '../../support/eventually.js';
import { dataOf, open, send } from '../../support/http-client.js';
import { ADAPTERS } from '../../support/hub-app.js';
import { Libsql } from '../../support/libsql.js';
import { answering, type DatabaseName, DATABASES, openDatabase } from '../databases.js';
import { Book, ENTITIES, Visit } from '../entities.js';
import { PUBLIC_URL } from '../recording.js';

const there = await answering('test/broadcast/outbox/data-sources');
const DELIVERIES = ['memory', 'outbox'] as const;
type Delivery = (typeof DELIVERIES)[number];

/** A store that can be looked into when the application is gone. What comes after its end it refuses, as stores do. */
function keptTransport(): { readonly transport: Transport; readonly titles: string[] } {
  const transport = memory();
  const titles: string[] = [];
  const append = transport.append.bind(transport);
  const close = transport.close.bind(transport);
  let isClosed = false;
  transport.append = async (updates, kind) => {
    if (isClosed) throw unavailable('it is closed');
    await append(updates, kind);
    titles.push(...updates.map(({ data }) => titleOf(data)));
  };
  transport.close = async () => {
    isClosed = true;
    await close();
  };
  return { transport, titles };
}

function titleOf(data: string): string {
  const { title, page, deleted } = JSON.parse(data) as { title?: string; page?: string; deleted?: true };
  return deleted ? 'deleted' : (title ?? page ?? data);
}

interface Gate {
  readonly entered: Promise<void>;
  readonly open: () => void;
}

let gate: { enter(): void; readonly opened: Promise<void> };

/** Holds the handlers until a test lets them go on. */
function closeGate(): Gate {
  let enter!: () => void;
  let open!: () => void;
  const entered = new Promise<void>((resolve) => (enter = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  gate = { enter, opened };
  return { entered, open };
}

@Controller('held')
class HeldController {
  constructor(
    @Inject(getDataSourceToken()) private readonly first: DataSource,
    @Inject(getDataSourceToken('second')) private readonly second: DataSource,
  ) {}

  /** A transaction here, and a write that commits by itself there. */
  @Post(':title')
  async write(@Param('title') title: string, @Body() _body: unknown) {
    gate.enter();
    await gate.opened;
    await this.first.manager.save(Book, { title: `${title} saved` });
    await this.second.manager.insert(Book, { title: `${title} inserted` });
  }
}

let directory: string;
const endings: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'data-sources-'));
});
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
  await rm(directory, { recursive: true, force: true });
});

const sqlite = (name: string, more: object = {}) =>
  TypeOrmModule.forRoot({
    type: 'better-sqlite3',
    driver: Libsql,
    database: join(directory, `${name}.db`),
    enableWAL: true,
    entities: ENTITIES,
    synchronize: true,
    retryAttempts: 0,
    ...(name !== 'default' && { name }),
    ...more,
  });

interface Running {
  readonly app: INestApplication;
  readonly origin: string;
  readonly service: MercureService;
  readonly broadcasts: BroadcastService;
  readonly dataSource: (name?: string) => DataSource;
}

async function start(
  imports: (mercure: ReturnType<typeof MercureModule.forRoot>) => NonNullable<object>[],
  options: MercureOptions,
  {
    adapter = 'express',
    controllers = [],
  }: { adapter?: string; controllers?: (typeof HeldController)[] } = {},
): Promise<Running> {
  const mercure = MercureModule.forRoot({ anonymous: true, publicUrl: PUBLIC_URL, ...options });
  const module = await Test.createTestingModule({
    imports: imports(mercure) as never,
    controllers,
  }).compile();
  const server = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = module.createNestApplication(server as ExpressAdapter, { logger: false });
  endings.push(() => app.close());
  await app.listen(0, '127.0.0.1');
  return {
    app,
    origin: await app.getUrl(),
    service: app.get(MercureService),
    broadcasts: app.get(BroadcastService),
    dataSource: (name) => app.get<DataSource>(getDataSourceToken(name)),
  };
}

const broadcast = (delivery: Delivery) =>
  delivery === 'outbox' ? { delivery, outbox: { migrate: true } } : { delivery };

describe.each(ADAPTERS)('app.close() on %s', (adapter) => {
  describe.each(DELIVERIES)('under delivery by %s', (delivery) => {
    it.each(['before', 'after'])(
      'tells what requests still commit, with TypeOrmModule imported %s MercureModule',
      async (place) => {
        const { transport, titles } = keptTransport();
        const databases = [sqlite('default'), sqlite('second')];
        const { app, origin, service } = await start(
          (mercure) => (place === 'before' ? [...databases, mercure] : [mercure, ...databases]),
          { transport, broadcast: broadcast(delivery) },
          { adapter, controllers: [HeldController] },
        );
        const { entered, open: letGo } = closeGate();
        const ended = new Promise<void>((complete) => service.updates$.subscribe({ complete }));
        const answer = send(`${origin}/held/late`, { method: 'POST' });
        await unhung(entered, 'the request');
        const closing = app.close();
        await unhung(ended, 'the end of the streams');
        letGo();
        expect((await answer).status).toBe(201);
        await unhung(closing, 'app.close()');
        expect(titles.toSorted()).toEqual(['late inserted', 'late saved']);
      },
    );
  });

  it('tells those who follow what waits in windows, and then ends their streams', async () => {
    const { transport } = keptTransport();
    const { app, origin, broadcasts, dataSource } = await start(
      (mercure) => [sqlite('default'), sqlite('second'), mercure],
      { transport },
      { adapter },
    );
    broadcasts.register(Visit, { topic: '/visits/{id}', windowMs: 3_600_000 });
    const stream = await open(`${origin}/.well-known/mercure`, { query: { match: '*' } });
    for (const name of ['first', 'second']) {
      const { manager } = dataSource(name === 'first' ? undefined : name);
      for (const page of ['a', 'b', 'c'])
        await manager.save(Visit, { id: name.length, page: `${name} ${page}` });
    }
    await unhung(app.close(), 'app.close()');
    expect(await stream.body.ended()).toBe('end');
    expect(dataOf(stream.body.text).map(titleOf)).toEqual(['first a', 'second a', 'first c', 'second c']);
  });
});

describe.each(DELIVERIES)('several DataSources under delivery by %s', (delivery) => {
  it('are told each by its own outbox, those that are named by their tokens', async () => {
    const { transport, titles } = keptTransport();
    const { broadcasts, dataSource } = await start(
      (mercure) => [sqlite('default'), sqlite('second'), sqlite('third'), mercure],
      {
        transport,
        broadcast: {
          ...broadcast(delivery),
          dataSources: [getDataSourceToken('second') as string, getDataSourceToken('third') as string],
        },
      },
    );
    for (const name of [undefined, 'second', 'third']) {
      await dataSource(name).manager.save(Book, { title: name ?? 'first' });
    }
    await broadcasts.flush();
    expect(titles.toSorted()).toEqual(['second', 'third']);
    const outboxes = await broadcasts.outboxes();
    const published = { pending: 0, oldestMs: 0, refused: 0, leading: true };
    expect(outboxes).toEqual(delivery === 'outbox' ? [published, published] : []);
  });

  it('may be initialized later, destroyed and initialized again: what was committed is told', async () => {
    const { transport, titles } = keptTransport();
    const { broadcasts, dataSource } = await start(
      (mercure) => [sqlite('default'), sqlite('second', { manualInitialization: true }), mercure],
      { transport, broadcast: broadcast(delivery) },
    );
    const second = dataSource('second');
    expect(second.isInitialized).toBe(false);
    for (const life of ['one', 'two', 'three']) {
      await second.initialize();
      await second.manager.save(Book, { title: `${life} saved` });
      await second.manager.insert(Book, { title: `${life} inserted` });
      await second.destroy();
    }
    await broadcasts.flush();
    expect(titles).toEqual(['one', 'two', 'three'].flatMap((life) => [`${life} saved`, `${life} inserted`]));
  });
});

describe('a log in one of two DataSources', () => {
  it.each(['before', 'after'])(
    'takes in the rows of the other through a relay, with TypeOrmModule imported %s MercureModule',
    async (place) => {
      const databases = [sqlite('default'), sqlite('second')];
      const { app, service, broadcasts, dataSource } = await start(
        (mercure) => (place === 'before' ? [...databases, mercure] : [mercure, ...databases]),
        {
          transport: typeOrm({ dataSource: getDataSourceToken('second') as string, migrate: true }),
          broadcast: broadcast('outbox'),
        },
      );
      const titles: string[] = [];
      service.updates$.subscribe(({ data }) => titles.push(titleOf(data)));
      await dataSource().manager.save(Book, { title: 'relayed' });
      await dataSource('second').manager.save(Book, { title: 'logged' });
      await broadcasts.flush();
      await eventually('both are told', () => titles.length === 2);
      expect(titles.toSorted()).toEqual(['logged', 'relayed']);
      expect(await broadcasts.outboxes()).toHaveLength(1);
      await unhung(app.close(), 'app.close()');
    },
  );
});

describe('a DataSource whose outbox has no table', () => {
  it('keeps the application from starting', async () => {
    const { transport } = keptTransport();
    const starting = start((mercure) => [sqlite('default'), mercure], {
      transport,
      broadcast: { delivery: 'outbox' },
    });
    await expect(starting).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringMatching(/"mercure_outbox".*"broadcast\.outbox\.migrate"/) as string,
    });
  });

  it('is refused when it is initialized later, and is not initialized then', async () => {
    const { transport } = keptTransport();
    const { dataSource } = await start(
      (mercure) => [sqlite('second', { manualInitialization: true }), mercure],
      { transport, broadcast: { delivery: 'outbox' } },
    );
    const second = dataSource('second');
    await expect(second.initialize()).rejects.toMatchObject({ code: 'OPTIONS_INVALID' });
    expect(second.isInitialized).toBe(false);
  });
});

describe.each(DATABASES)('a DataSource on %s that is destroyed', (name: DatabaseName) => {
  describe.skipIf(!there.has(name))('', () => {
    it.each(DELIVERIES)(
      'while it is written to loses nothing that it has committed (%s)',
      async (delivery) => {
        const database = await openDatabase(name, 'outbox_destroyed');
        endings.push(() => database.drop());
        await database.dataSource.destroy();
        const { transport, titles } = keptTransport();
        const { app, dataSource } = await start(
          (mercure) => [TypeOrmModule.forRoot({ ...database.options, synchronize: false }), mercure],
          { transport, broadcast: broadcast(delivery) },
        );
        const source = dataSource();
        let next = 0;
        const committed: string[] = [];
        const writer = async (): Promise<void> => {
          for (;;) {
            const title = `${next++}`;
            const saved = await source.manager.save(Book, { title }).catch(() => undefined);
            if (!saved) return;
            committed.push(title);
            // SQLite's answers come in the same turn: nobody else would ever have one.
            await new Promise((resume) => setImmediate(resume));
          }
        };
        // On SQLite TypeORM breaks where transactions interleave.
        const writers = Array.from({ length: name === 'SQLite' ? 1 : 4 }, writer);
        await eventually('it is written to', () => committed.length >= 30);
        await source.destroy();
        await Promise.all(writers);
        await source.initialize();
        await unhung(app.close(), 'app.close()');
        const there = await (await database.dataSource.initialize()).manager.find(Book);
        expect(titles.toSorted()).toEqual(there.map(({ title }) => title).toSorted());
        expect(new Set(titles)).toEqual(new Set([...titles, ...committed]));
      },
    );
  });
});
