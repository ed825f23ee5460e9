import { Injectable, type INestApplication, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, Entity, Column, PrimaryGeneratedColumn } from 'typeorm';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  Broadcast,
  BroadcastService,
  MercureModule,
  type MercureOptions,
  MercureService,
} from '../../src/index.js';
import { redis } from '../../src/redis.js';
import { RecordingMercure, recordMercure } from '../../src/testing.js';
import { send } from '../support/http-client.js';
import { Libsql } from '../support/libsql.js';

const BASE = 'https://example.com';
const KEY = 'a key of these tests, long enough for HS256';

@Broadcast({ windowMs: 600_000 })
@Entity()
class Letter {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('varchar')
  text!: string;
}

@Injectable()
class Doors {
  constructor(private readonly mercure: MercureService) {}

  open(id: string): Promise<string> {
    return this.mercure.publish({ topic: `${BASE}/doors/${id}`, data: { open: true } });
  }

  greet(): Promise<string[]> {
    const greeting = { topic: [`${BASE}/all`, `${BASE}/doors/2`], data: 'hello', private: true };
    return this.mercure.publishMany([greeting, { topic: `${BASE}/all`, data: '{"n":1}' }]);
  }

  break(): Promise<string> {
    return this.mercure.publish({ topic: [], data: 'nowhere' });
  }
}
// Injected by its type, which the test runner's compiler does not write down.
Reflect.defineMetadata('design:paramtypes', [MercureService], Doors);

const doors = { topics: [`${BASE}/doors/1`], data: '{"open":true}', private: false };

function application(options: MercureOptions) {
  const database = TypeOrmModule.forRoot({
    type: 'better-sqlite3',
    driver: Libsql,
    database: ':memory:',
    entities: [Letter],
    synchronize: true,
  });
  const hub = MercureModule.forRoot({
    anonymous: true,
    publicUrl: BASE,
    publisher: { key: KEY },
    ...options,
  });
  @Module({ imports: [database, hub], providers: [Doors] })
  class AppModule {}
  return Test.createTestingModule({ imports: [AppModule] });
}

async function started(testing: ReturnType<typeof application>): Promise<INestApplication> {
  const app = (await testing.compile()).createNestApplication({ forceCloseConnections: true, logger: false });
  onTestFinished(() => app.close());
  return app.init();
}

describe('RecordingMercure', () => {
  it('in place of the service, in the test of a provider alone, keeps what it published', async () => {
    const module = await Test.createTestingModule({
      providers: [Doors, { provide: MercureService, useClass: RecordingMercure }],
    }).compile();
    const mercure = RecordingMercure.of(module);
    const id = await module.get(Doors).open('1');
    await module.get(Doors).greet();
    expect(mercure.updates[0]).toEqual({ ...doors, id });
    expect(mercure.dataOf(`${BASE}/all`)).toEqual(['hello', { n: 1 }]);
    expect(mercure.dataOf(`${BASE}/doors/2`)).toEqual(['hello']);
    mercure.clear();
    expect(mercure.updates).toEqual([]);
    await module.close();
    await expect(module.get(Doors).open('1')).rejects.toMatchObject({ code: 'HUB_CLOSED' });
  });

  it('made by hand refuses what a hub refuses, is followed like one and has keys', async () => {
    const mercure = new RecordingMercure();
    await expect(new Doors(mercure).break()).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
    const heard: unknown[] = [];
    mercure.subscribe(`${BASE}/doors/1`).subscribe(({ data }) => heard.push(data));
    await new Doors(mercure).open('1');
    await expect.poll(() => heard).toEqual(['{"open":true}']);
    expect(await mercure.createToken({ subscribe: [`${BASE}/doors/1`] })).toMatch(/^ey/);
    await mercure.flush();
    expect(mercure.updates).toMatchObject([doors]);
    await mercure.onApplicationShutdown();
  });

  it('in an application keeps what entities tell, what waits too, and needs no store', async () => {
    const nowhere = redis({ url: 'redis://127.0.0.1:1' });
    const app = await started(
      recordMercure(application({ transport: nowhere, broadcast: { delivery: 'outbox' } })),
    );
    const mercure = RecordingMercure.of(app);
    const { manager } = app.get(DataSource);
    const letter = await manager.save(manager.create(Letter, { text: 'a' }));
    for (const text of ['b', 'c']) await manager.save(Object.assign(letter, { text }));
    await mercure.flush();
    const told = mercure.dataOf(`${BASE}/letters/1`);
    expect(told[0]).toEqual({ id: 1, text: 'a' });
    expect(told.at(-1)).toEqual({ id: 1, text: 'c' });
    await app.get(Doors).open('1');
    expect(mercure.updates.at(-1)).toMatchObject(doors);
    expect(app.get(BroadcastService).topicOf(Letter, letter)).toBe(`${BASE}/letters/1`);
  });

  it('takes the place of the service by overrideProvider() alone, and keeps what came over HTTP', async () => {
    const testing = application({}).overrideProvider(MercureService).useClass(RecordingMercure);
    const app = await started(testing);
    await app.listen(0, '127.0.0.1');
    const mercure = RecordingMercure.of(app);
    const token = await mercure.createToken({ publish: ['*'] });
    const { status } = await send(`${await app.getUrl()}/.well-known/mercure`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/x-www-form-urlencoded',
        Host: 'example.com',
      },
      body: new URLSearchParams({ topic: `${BASE}/doors/1`, data: '{"open":true}' }).toString(),
    });
    expect(status).toBe(200);
    expect(mercure.updates).toMatchObject([doors]);
  });

  it('that is not there is asked for in vain, and it is said how to put it there', async () => {
    const app = await started(application({}));
    expect(() => RecordingMercure.of(app)).toThrow(/no RecordingMercure\. Put it there: recordMercure\(/);
  });
});
