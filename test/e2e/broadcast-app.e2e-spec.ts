import { Body, Controller, Delete, Get, Inject, NotFoundException, Param, Patch, Post } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import Database from 'libsql';
import { Column, DataSource, DeleteDateColumn, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { Broadcast, type MercureOptions } from '../../src/index.js';
import { send } from '../support/http-client.js';
import { ADAPTERS, type AdapterName, type HubApp } from '../support/hub-app.js';
import { bearer, legacyToken } from '../support/tokens.js';
import type { Page } from './helpers/browser.js';
import { closedAfterEach } from './helpers/cleanup.js';

const PUBLIC_URL = 'https://shop.test/app';

/** The default topic: the resource's IRI. */
@Broadcast()
@Entity()
class BookReview {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text', nullable: true })
  note?: string | null;

  @Column({ type: 'text', select: false, default: 'a secret' })
  secret?: string;

  @DeleteDateColumn({ type: 'datetime' })
  deletedAt?: Date | null;
}

/** A topic resolved against `publicUrl`. */
@Broadcast<Shelf>({ topic: ['shelves/{slug}', ({ slug }) => `https://other.test/by-function/${slug}`] })
@Entity()
class Shelf {
  @PrimaryColumn({ type: 'text' })
  slug!: string;

  @Column({ type: 'integer', default: 0 })
  books!: number;
}

@Broadcast({ topic: 'https://shop.test/accounts/{id}', private: true })
@Entity()
class Account {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'integer' })
  balance!: number;
}

@Broadcast({ topic: 'https://shop.test/visits/{id}', on: ['delete'], type: 'gone' })
@Entity()
class Visit {
  @PrimaryColumn({ type: 'integer' })
  id!: number;
}

/** Says nothing about broadcasting. */
@Entity()
class Quiet {
  @PrimaryColumn({ type: 'integer' })
  id!: number;
}

@Controller('book-reviews')
class ReviewsController {
  constructor(@Inject(getDataSourceToken()) private readonly db: DataSource) {}

  @Get(':id')
  async get(@Param('id') id: string): Promise<BookReview> {
    const review = await this.db.getRepository(BookReview).findOneBy({ id: Number(id) });
    if (!review) throw new NotFoundException();
    return review;
  }

  @Post()
  create(@Body() body: Partial<BookReview>): Promise<BookReview> {
    const reviews = this.db.getRepository(BookReview);
    return reviews.save(reviews.create(body));
  }

  @Patch(':id')
  async change(@Param('id') id: string, @Body() body: Partial<BookReview>): Promise<BookReview> {
    return this.db.getRepository(BookReview).save(Object.assign(await this.get(id), body));
  }

  @Delete(':id')
  async remove(@Param('id') id: string): Promise<void> {
    await this.db.getRepository(BookReview).remove(await this.get(id));
  }

  /** Writes all, then fails when one has no title: the database forgets them all. */
  @Post('batch')
  async batch(@Body() body: { title?: string }[]): Promise<BookReview[]> {
    return this.db.transaction(async (manager) => {
      const saved: BookReview[] = [];
      for (const each of body) saved.push(await manager.save(manager.create(BookReview, each)));
      return saved;
    });
  }
}

const { start, visit } = closedAfterEach();

function shop(
  adapter: AdapterName,
  options: MercureOptions = {},
  entities: Parameters<typeof Object>[0][] = [],
) {
  return start({
    adapter,
    controllers: entities.length === 0 ? [ReviewsController] : [],
    options: { publicUrl: PUBLIC_URL, ...options },
    modules: [
      TypeOrmModule.forRoot({
        type: 'better-sqlite3',
        driver: Database,
        database: ':memory:',
        entities: entities.length === 0 ? [BookReview, Shelf, Account, Visit, Quiet] : entities,
        synchronize: true,
        retryAttempts: 0,
      }),
    ],
  });
}

const database = ({ app }: HubApp) => app.get<DataSource>(getDataSourceToken());
const json = (page: Page) => page.data.map((data) => JSON.parse(data) as unknown);
const topic = (iri: string) => `topic=${encodeURIComponent(iri)}`;

/** An update after which everything before it has arrived. */
async function fence(hub: HubApp, ...pages: Page[]): Promise<void> {
  await hub.service.publish({ topic: 'fence', type: 'fence', data: 'fence' });
  await Promise.all(
    pages.map((page) => page.until(() => page.heard.some(({ type }) => type === 'fence'), 'the fence')),
  );
}

const follow = (hub: HubApp, query: string, headers?: Record<string, string>): Promise<Page> =>
  visit(`${hub.url}?${query}&topic=fence`, { types: ['fence', 'gone'], headers });

describe.each(ADAPTERS)('an application on %s whose entities are broadcast', (adapter) => {
  const request = (hub: HubApp, method: string, path: string, body?: object) =>
    send(`${hub.origin}/book-reviews${path}`, {
      method,
      headers: body && { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });

  it('shows a browser at a resource’s IRI what REST did to it, as onmessage hears it', async () => {
    const hub = await shop(adapter);
    const page = await follow(hub, topic(`${PUBLIC_URL}/book-reviews/1`));
    expect((await request(hub, 'POST', '', { title: 'first' })).status).toBe(201);
    await page.until(() => page.messages.length === 1, 'the create');
    expect((await request(hub, 'POST', '', { title: 'of another' })).status).toBe(201);
    expect((await request(hub, 'PATCH', '/1', { title: 'second', note: 'changed' })).status).toBe(200);
    await page.until(() => page.messages.length === 2, 'the update');
    expect((await request(hub, 'DELETE', '/1')).status).toBe(200);
    await page.until(() => page.messages.length === 3, 'the delete');
    expect(page.messages.map((data) => JSON.parse(data) as unknown)).toEqual([
      expect.objectContaining({ id: 1, title: 'first', note: null, deletedAt: null }),
      expect.objectContaining({ id: 1, title: 'second', note: 'changed', deletedAt: null }),
      expect.objectContaining({ '@id': `${PUBLIC_URL}/book-reviews/1`, id: 1, deleted: true }),
    ]);
    expect(page.data.join('\n'), 'what is hidden from reads').not.toContain('secret');
  });

  it('tells a soft delete as a delete and a recovery as an update', async () => {
    const hub = await shop(adapter);
    const reviews = database(hub).getRepository(BookReview);
    const page = await follow(hub, topic(`${PUBLIC_URL}/book-reviews/1`));
    const review = await reviews.save(reviews.create({ title: 'there' }));
    await reviews.softRemove(review);
    const gone = await reviews.findOneOrFail({ where: { id: 1 }, withDeleted: true });
    await reviews.recover(gone);
    await page.until(() => page.data.length === 3, 'three updates');
    expect(json(page)).toEqual([
      expect.objectContaining({ id: 1, title: 'there' }),
      expect.objectContaining({ id: 1, deleted: true }),
      expect.objectContaining({ id: 1, title: 'there', deletedAt: null }),
    ]);
    expect(json(page)[2]).not.toHaveProperty('deleted');
  });

  it('shows nothing of a batch that fails, in the table or on the stream', async () => {
    const hub = await shop(adapter);
    const page = await follow(hub, 'topic=*');
    const failed = await request(hub, 'POST', '/batch', [{ title: 'one' }, {}, { title: 'three' }]);
    expect(failed.status).toBe(500);
    expect(await database(hub).getRepository(BookReview).count()).toBe(0);
    const kept = await request(hub, 'POST', '/batch', [{ title: 'four' }, { title: 'five' }]);
    expect(kept.status).toBe(201);
    await page.until(() => page.messages.length === 2, 'what was kept');
    await fence(hub, page);
    expect(page.messages.map((data) => (JSON.parse(data) as BookReview).title)).toEqual(['four', 'five']);
  });
});

describe('a broadcast', () => {
  it('comes after the outermost commit, never before it', async () => {
    const hub = await shop('express');
    const page = await follow(hub, 'topic=*');
    const accepted: string[] = [];
    hub.service.updates$.subscribe(({ topics }) => accepted.push(topics[0]!));
    await database(hub).transaction(async (outer) => {
      await outer.transaction((inner) => inner.save(inner.create(Shelf, { slug: 'inner' })));
      await hub.service.publish({ topic: 'while the transaction is open' });
      expect(accepted).toEqual(['while the transaction is open']);
    });
    await page.until(() => page.data.length === 2, 'both');
    expect(accepted).toEqual(['while the transaction is open', 'https://shop.test/shelves/inner']);
  });

  it('is forgotten with the savepoint that was rolled back, and kept with the rest', async () => {
    const hub = await shop('express');
    const page = await follow(hub, 'topic=*');
    await database(hub).transaction(async (outer) => {
      await outer.save(outer.create(Shelf, { slug: 'kept', books: 1 }));
      const lost = outer.transaction(async (inner) => {
        await inner.save(inner.create(Shelf, { slug: 'lost' }));
        throw new Error('of the application');
      });
      await expect(lost).rejects.toThrow('of the application');
    });
    await page.until(() => page.data.length >= 1, 'what was kept');
    await fence(hub, page);
    expect(page.messages.map((data) => JSON.parse(data) as unknown)).toEqual([{ slug: 'kept', books: 1 }]);
  });

  it('goes to every topic: a relative one under `publicUrl`, one of a function', async () => {
    const hub = await shop('express');
    const relative = await follow(hub, topic(new URL('shelves/a%2Fb', PUBLIC_URL).href));
    const computed = await follow(hub, topic('https://other.test/by-function/a/b'));
    await database(hub).getRepository(Shelf).save({ slug: 'a/b', books: 3 });
    await relative.until(() => relative.data.length === 1, 'the update');
    await computed.until(() => computed.data.length === 1, 'the update');
    expect([...json(relative), ...json(computed)]).toEqual([
      { slug: 'a/b', books: 3 },
      { slug: 'a/b', books: 3 },
    ]);
    expect(relative.heard[0]!.id, 'one update').toBe(computed.heard[0]!.id);
  });

  it('that is private reaches those who were granted it, and its delete likewise', async () => {
    const hub = await shop('express');
    const iri = 'https://shop.test/accounts/7';
    const stranger = await follow(hub, topic(iri));
    const owner = await follow(hub, topic(iri), bearer(await legacyToken({ subscribe: [iri] })));
    const accounts = database(hub).getRepository(Account);
    const account = await accounts.save(accounts.create({ id: 7, balance: 100 }));
    await accounts.remove(account);
    await owner.until(() => owner.data.length === 2, 'both updates');
    await fence(hub, stranger, owner);
    expect(owner.messages).toHaveLength(2);
    expect(stranger.messages).toEqual([]);
  });

  it('is told only of the operations asked for, under the name asked for', async () => {
    const hub = await shop('express');
    const page = await follow(hub, 'topic=*');
    const visits = database(hub).getRepository(Visit);
    const saved = await visits.save(visits.create({ id: 1 }));
    await visits.remove(saved);
    await database(hub).getRepository(Quiet).save({ id: 1 });
    await page.until(() => page.heard.length > 0, 'the delete');
    await fence(hub, page);
    expect(page.heard.map(({ type }) => type)).toEqual(['gone', 'fence']);
    expect(JSON.parse(page.data[0]!)).toMatchObject({ id: 1, deleted: true });
  });

  it('is replayed to a browser that comes back later', async () => {
    const hub = await shop('express');
    const cursor = await hub.service.publish({ topic: 'before' });
    await database(hub).getRepository(Shelf).save({ slug: 'a', books: 1 });
    await fence(hub);
    const page = await follow(hub, topic('https://shop.test/shelves/a'), { 'last-event-id': cursor });
    await page.until(() => page.heard.some(({ type }) => type === 'fence'), 'the fence');
    expect(page.messages.map((data) => JSON.parse(data) as unknown)).toEqual([{ slug: 'a', books: 1 }]);
  });

  it('is none where it is turned off', async () => {
    const hub = await shop('express', { broadcast: false, publicUrl: undefined });
    const page = await follow(hub, 'topic=*');
    await database(hub).getRepository(Shelf).save({ slug: 'a' });
    await fence(hub, page);
    expect(page.messages).toEqual([]);
  });
});

describe('an application whose entities cannot be broadcast', () => {
  const refused = (options: MercureOptions, ...entities: Parameters<typeof Object>[0][]) =>
    expect(shop('express', options, entities)).rejects;

  it.each([
    ['a default topic', BookReview],
    ['a relative topic', Shelf],
  ])('does not start with %s and without `publicUrl`, and says what to set', async (_, entity) => {
    await refused({ publicUrl: undefined }, entity).toMatchObject({
      name: 'MercureError',
      code: 'BROADCAST_INVALID',
      message: expect.stringMatching(new RegExp(`${entity.name}.*publicUrl`)) as string,
    });
  });

  it('starts without `publicUrl` where every topic is absolute', async () => {
    const hub = await shop('express', { publicUrl: undefined }, [Account]);
    expect(hub.hub.connections).toBe(0);
  });

  it('does not start with a topic of a column that is not there', async () => {
    @Broadcast({ topic: 'https://shop.test/{isbn}' })
    @Entity()
    class Misspelt {
      @PrimaryColumn({ type: 'integer' })
      id!: number;
    }
    await refused({}, Misspelt).toMatchObject({
      code: 'BROADCAST_INVALID',
      message: expect.stringMatching(/Misspelt.*isbn/) as string,
    });
  });
});
