import { Controller, Get, Inject, Param } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { filter, firstValueFrom } from 'rxjs';
import { Column, DataSource, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broadcast, BroadcastService, MercureResource, MercureService } from '../../src/index.js';
import { answering, type DatabaseName, openDatabase, type TestDatabase } from '../broadcast/databases.js';
import { send } from '../support/http-client.js';
import { ADAPTERS, type HubApp } from '../support/hub-app.js';
import { linksOf } from '../support/link-fields.js';
import type { Page } from './helpers/browser.js';
import { closedAfterEach } from './helpers/cleanup.js';

/** Its number says how often it was changed: an update that is missing leaves a hole. */
@Broadcast({ collection: true })
@Entity()
class Counter {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'int' })
  n!: number;
}

@Controller('counters')
class CountersController {
  constructor(
    @Inject(getDataSourceToken()) private readonly db: DataSource,
    private readonly mercure: MercureService,
  ) {}

  @Get()
  @MercureResource({ entity: Counter, collection: true })
  all(): Promise<Counter[]> {
    return this.overtaken(() => this.db.manager.find(Counter));
  }

  @Get(':id')
  @MercureResource()
  one(@Param('id') id: string): Promise<Counter> {
    return this.overtaken(() => this.db.manager.findOneByOrFail(Counter, { id: Number(id) }));
  }

  /** An answer is never the newest: before it is sent, more is told of every row. */
  private async overtaken<T>(read: () => Promise<T>): Promise<T> {
    const result = await read();
    const behind = new Set(ROWS);
    const told = this.mercure.subscribe({ all: true });
    await firstValueFrom(
      told.pipe(
        filter(({ data }) => behind.delete((JSON.parse(data as string) as Counter).id) && behind.size === 0),
      ),
    );
    return result;
  }
}

const ROWS = [1, 2, 3];
const WRITERS = 4;
const CLIENTS = 24;
/** Updates each client must have heard before the storm is over. */
const ENOUGH = 5;

const there = await answering('test/e2e/hydrate');
const { start, visit } = closedAfterEach();

/** A client as the documentation says it: what it read, and everything told after the cursor it was given. */
interface Client {
  readonly path: string;
  readonly read: readonly Counter[];
  readonly page: Page;
}

async function hydrate({ origin, url }: HubApp, path: string): Promise<Client> {
  const { headers, text } = await send(`${origin}/counters${path}`);
  const { mercure, self } = linksOf(headers);
  const query = new URLSearchParams([
    ['topic', self!.target],
    ['topic', 'https://shop.test/fence'],
    ['lastEventID', mercure!['last-event-id']!],
  ]);
  const page = await visit(`${url}?${query.toString()}`, { types: ['mercure', 'fence'] });
  return { path, read: [JSON.parse(text) as Counter | Counter[]].flat(), page };
}

/** What a client was told of each row it read, as the numbers it came by. */
function toldOf({ read, page }: Client): Map<number, number[]> {
  const told = new Map(read.map(({ id }) => [id, [] as number[]]));
  for (const { type, data } of page.heard) {
    if (type !== 'message') continue;
    const { id, n } = JSON.parse(data) as Counter;
    told.get(id)!.push(n);
  }
  return told;
}

describe.each(ADAPTERS)('a client that reads, and follows from the cursor it was given, on %s', (adapter) => {
  describe.each<DatabaseName>(['SQLite', 'PostgreSQL'])('and %s', (name) => {
    describe.skipIf(!there.has(name))('', () => {
      let database: TestDatabase;

      beforeAll(async () => {
        database = await openDatabase(name, `hydrate_${adapter}`, [Counter]);
      });
      afterAll(() => database?.drop());

      it('misses no update in a storm of writes, and is told no gap', { timeout: 120_000 }, async () => {
        const hub = await start({
          adapter,
          controllers: [CountersController],
          options: { publicUrl: 'https://shop.test' },
          modules: [TypeOrmModule.forRoot({ ...database.options, synchronize: false, retryAttempts: 0 })],
        });
        const { manager } = hub.app.get<DataSource>(getDataSourceToken());
        await manager.insert(
          Counter,
          ROWS.map((id) => ({ id, n: 0 })),
        );

        const storm = startStorm(manager, name);
        const paths = Array.from({ length: CLIENTS }, (_, index) => (index % 4 ? `/${(index % 3) + 1}` : ''));
        const clients = await Promise.all(paths.map((path) => hydrate(hub, path)));
        await Promise.all(
          clients.map(({ page }) => page.until(() => page.heard.length >= ENOUGH, 'enough updates')),
        );
        await storm.end();

        await hub.app.get(BroadcastService).flush();
        await hub.service.publish({ topic: 'https://shop.test/fence', type: 'fence', data: '' });
        await Promise.all(
          clients.map(({ page }) =>
            page.until(() => page.heard.some(({ type }) => type === 'fence'), 'the end'),
          ),
        );
        const table = new Map((await manager.find(Counter)).map(({ id, n }) => [id, n]));
        for (const client of clients) {
          expect(client.page.heard.filter(({ type }) => type === 'mercure')).toEqual([]);
          for (const { id, n: read } of client.read) {
            const told = toldOf(client)
              .get(id)!
              .filter((n) => n > read);
            const missing = Array.from({ length: table.get(id)! - read }, (_, index) => read + 1 + index);
            expect(told, `counter ${id} as of ${client.path}, read at ${read}`).toEqual(missing);
          }
        }
      });
    });
  });
});

/** Changes rows all the time, in transactions; on SQLite one at a time, because they all have one connection. */
function startStorm(manager: EntityManager, name: DatabaseName): { end: () => Promise<void> } {
  const over = new AbortController();
  const lock = name === 'SQLite' ? undefined : ({ mode: 'pessimistic_write' } as const);
  const writer = async (first: number): Promise<void> => {
    for (let turn = first; !over.signal.aborted; turn++) {
      await manager.transaction(async (transaction) => {
        const id = ROWS[turn % ROWS.length]!;
        const counter = await transaction.findOneOrFail(Counter, { where: { id }, lock });
        counter.n += 1;
        await transaction.save(counter);
      });
      // SQLite answers at once: without a turn of its own, nobody else would have one.
      await new Promise(setImmediate);
    }
  };
  const writers = Array.from({ length: name === 'SQLite' ? 1 : WRITERS }, (_, index) => writer(index));
  return {
    end: async () => {
      over.abort();
      await Promise.all(writers);
    },
  };
}
