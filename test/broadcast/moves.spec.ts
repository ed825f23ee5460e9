import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ChildEntity,
  Column,
  type DataSource,
  Entity,
  type EntityManager,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  type Relation,
  TableInheritance,
} from 'typeorm';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { PUBLIC_URL, recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/moves');

@Entity()
class Author {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @OneToMany('Poem', 'author', { cascade: true })
  poems!: Relation<Poem>[];
}

/** The foreign key has no property of its own. */
@Broadcast({ topic: '/users/{author.id}/poems/{id}', type: 'operation' })
@Entity()
class Poem {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @ManyToOne(() => Author, 'poems', { nullable: true, orphanedRowAction: 'delete' })
  author!: Relation<Author> | null;
}

/** The foreign key is a column, and part of a composite primary key. */
@Broadcast({ topic: ['/reviews/{author.id}/{no}', '/stars/{stars}'] })
@Entity()
class Review {
  @PrimaryColumn({ type: 'int' })
  authorId!: number;

  @PrimaryColumn({ type: 'int' })
  no!: number;

  @Column({ type: 'int' })
  stars!: number;

  @ManyToOne(() => Author)
  @JoinColumn({ name: 'authorId' })
  author!: Relation<Author>;
}

/** The primary key is a relation. */
@Broadcast()
@Entity()
class Profile {
  @ManyToOne(() => Author)
  @JoinColumn()
  @PrimaryColumn({ type: 'int', name: 'authorId' })
  author!: Relation<Author>;

  @Column({ type: 'varchar' })
  title!: string;
}

class Place {
  @Column({ type: 'varchar' })
  city!: string;
}

/** Private where it is marked so. */
@Broadcast<Letter>({
  topic: ['/letters/{id}', ({ place }) => `/cities/${place.city}`],
  private: ({ secret }) => secret,
})
@Entity()
class Letter {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'boolean' })
  secret!: boolean;

  @Column(() => Place)
  place!: Place;
}

@Broadcast({ topic: '/items/{id}', collection: true })
@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Item {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Broadcast({ topic: '/films/{reel}', collection: '/reels' })
@ChildEntity()
class Film extends Item {
  @Column({ type: 'varchar' })
  reel!: string;
}

/** A list that hears of what comes and goes. */
@Broadcast({ topic: '/lists/{list}', on: ['create', 'delete'] })
@Entity()
class Task {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'int' })
  list!: number;

  @Column({ type: 'varchar' })
  title!: string;
}

const ENTITIES = [Author, Poem, Review, Profile, Letter, Item, Film, Task];

describe.each(DATABASES)('where a row is told on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let manager: EntityManager;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'moves', ENTITIES);
      ({ dataSource } = database);
      ({ manager } = dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      await manager.insert(Author, [{ id: 1 }, { id: 2 }]);
      recording = recordingBroadcaster();
      recording.broadcaster.attach(dataSource);
    });
    afterEach(() => {
      dataSource.subscribers.length = 0;
    });

    /** What was told since the last time: topics, the row or `deleted`, and who may hear it. */
    async function told(): Promise<string[]> {
      await recording.broadcaster.flush();
      const { updates } = recording.publisher;
      recording.publisher.batches = [];
      expect(recording.logger.lines).toEqual([]);
      return updates.map(({ topic, data, private: isPrivate }) => {
        const paths = [topic].flat().map((each) => each.replace(PUBLIC_URL, ''));
        const { deleted, '@id': iri } = JSON.parse(data as string) as { deleted?: boolean; '@id'?: string };
        const what = deleted ? `deleted ${iri?.replace(PUBLIC_URL, '')}` : 'row';
        return `${isPrivate ? 'private ' : ''}${paths.join(' ')}: ${what}`;
      });
    }

    describe('a path through a relation', () => {
      const poem = { id: 7, title: 'a', author: { id: 1 } };

      it('is the key of what it points to, and the payload has no relation', async () => {
        await manager.save(Poem, { ...poem });
        await recording.broadcaster.flush();
        expect(recording.publisher.updates).toEqual([
          {
            topic: [`${PUBLIC_URL}/users/1/poems/7`],
            data: '{"id":7,"title":"a"}',
            private: false,
            type: 'create',
          },
        ]);
      });

      it('is found without a further query', async () => {
        const selects: string[] = [];
        await dataSource.transaction(async (inside) => {
          await inside.save(Poem, [{ ...poem }, { ...poem, id: 8 }]);
          dataSource.subscribers.push({
            afterQuery({ query }) {
              if (query.startsWith('SELECT')) selects.push(query);
            },
          });
        });
        expect(await told()).toEqual(['/users/1/poems/7: row', '/users/1/poems/8: row']);
        expect(selects).toHaveLength(1);
      });

      it('that points to nothing has no topic', async () => {
        await manager.save(Poem, { id: 7, title: 'a', author: null });
        expect(await told()).toEqual([]);
      });

      it('moves the row when it changes: a delete where it was, the row where it is', async () => {
        await manager.save(Poem, { ...poem });
        await manager.save(Poem, { id: 7, author: { id: 2 } });
        await manager.save(Poem, { id: 7, title: 'b', author: null });
        expect(await told()).toEqual([
          '/users/1/poems/7: row',
          '/users/1/poems/7: deleted /users/1/poems/7',
          '/users/2/poems/7: row',
          '/users/2/poems/7: deleted /users/2/poems/7',
        ]);
      });

      it('stays where a write does not name the relation', async () => {
        await manager.save(Poem, { ...poem });
        await manager.save(Poem, { id: 7, title: 'b' });
        await recording.broadcaster.flush();
        expect(recording.publisher.updates.map(({ type }) => type)).toEqual(['create', 'update']);
        expect(await told()).toEqual(['/users/1/poems/7: row', '/users/1/poems/7: row']);
      });

      it('is known from before the transaction, whichever of its writes changed it', async () => {
        await manager.save(Poem, { ...poem });
        await dataSource.transaction(async (inside) => {
          await inside.save(Poem, { id: 7, title: 'b' });
          await inside.save(Poem, { id: 7, author: { id: 2 } });
        });
        expect((await told()).slice(1)).toEqual([
          '/users/1/poems/7: deleted /users/1/poems/7',
          '/users/2/poems/7: row',
        ]);
      });

      it('is known of a row that is removed, several at once too', async () => {
        await manager.save(Poem, [{ ...poem }, { ...poem, id: 8, author: { id: 2 } }]);
        await manager.remove(await manager.find(Poem, { order: { id: 'ASC' } }));
        expect((await told()).slice(2)).toEqual([
          '/users/1/poems/7: deleted /users/1/poems/7',
          '/users/2/poems/8: deleted /users/2/poems/8',
        ]);
      });

      it('is known of an orphan that is removed', async () => {
        await manager.save(Poem, { ...poem });
        const author = await manager.findOneOrFail(Author, { where: { id: 1 }, relations: { poems: true } });
        author.poems = [];
        await manager.save(author);
        expect((await told()).slice(1)).toEqual(['/users/1/poems/7: deleted /users/1/poems/7']);
      });

      it('may be a column of a composite key', async () => {
        await manager.save(Review, { authorId: 1, no: 2, stars: 5 });
        await manager.remove(await manager.findOneByOrFail(Review, { no: 2 }));
        expect(await told()).toEqual([
          '/reviews/1/2 /stars/5: row',
          '/reviews/1/2 /stars/5: deleted /reviews/1/2',
        ]);
      });

      it('is the default topic of a row whose primary key is a relation', async () => {
        await manager.save(Profile, { author: { id: 1 }, title: 'a' });
        await manager.save(Profile, { author: { id: 1 }, title: 'b' });
        await manager.remove(Object.assign(new Profile(), { author: { id: 1 } }));
        expect(await told()).toEqual([
          '/profiles/1: row',
          '/profiles/1: row',
          '/profiles/1: deleted /profiles/1',
        ]);
      });
    });

    describe('a row that moves', () => {
      it('leaves an alternate topic under the name it keeps', async () => {
        await manager.save(Review, { authorId: 1, no: 2, stars: 5 });
        await manager.save(Review, { authorId: 1, no: 2, stars: 4 });
        expect((await told()).slice(1)).toEqual([
          '/stars/5: deleted /reviews/1/2',
          '/reviews/1/2 /stars/4: row',
        ]);
      });

      it('is deleted wherever it was when its canonical topic is another', async () => {
        await manager.save(Film, { id: 1, reel: 'a' });
        await manager.save(Film, { id: 1, reel: 'b' });
        expect(await told()).toEqual([
          '/films/a /reels: row',
          '/films/a /reels: deleted /films/a',
          '/films/b /reels: row',
        ]);
      });

      it('comes and goes for a list that hears of nothing else', async () => {
        await manager.save(Task, { id: 1, list: 1, title: 'a' });
        await manager.save(Task, { id: 1, list: 1, title: 'b' });
        await manager.save(Task, { id: 1, list: 2 });
        expect(await told()).toEqual(['/lists/1: row', '/lists/1: deleted /lists/1', '/lists/2: row']);
      });

      it('by an embedded column', async () => {
        await manager.save(Letter, { id: 1, secret: false, place: { city: 'Lille' } });
        await manager.save(Letter, { id: 1, place: { city: 'Paris' } });
        expect((await told()).slice(1)).toEqual([
          '/cities/Lille: deleted /letters/1',
          '/letters/1 /cities/Paris: row',
        ]);
      });

      it('and moves back in one transaction has not moved', async () => {
        await manager.save(Task, { id: 1, list: 1, title: 'a' });
        await dataSource.transaction(async (inside) => {
          await inside.save(Task, { id: 1, list: 2 });
          await inside.save(Task, { id: 1, list: 1 });
        });
        expect((await told()).slice(1)).toEqual([]);
      });

      it('and is rolled back has not moved', async () => {
        await manager.save(Task, { id: 1, list: 1, title: 'a' });
        const failing = dataSource.transaction(async (inside) => {
          await inside.save(Task, { id: 1, list: 2 });
          throw new Error('theirs');
        });
        await expect(failing).rejects.toThrow('theirs');
        expect((await told()).slice(1)).toEqual([]);
      });

      it('and is removed in one transaction is deleted where followers knew it', async () => {
        await manager.save(Task, { id: 1, list: 1, title: 'a' });
        await dataSource.transaction(async (inside) => {
          await inside.remove(Task, await inside.save(Task, { id: 1, list: 2 }));
        });
        expect((await told()).slice(1)).toEqual(['/lists/1: deleted /lists/1']);
      });
    });

    describe('a row that becomes', () => {
      it('private is deleted for those who may not hear of it any more', async () => {
        await manager.save(Letter, { id: 1, secret: false, place: { city: 'Lille' } });
        await manager.save(Letter, { id: 1, secret: true });
        await manager.save(Letter, { id: 1, secret: true, place: { city: 'Paris' } });
        expect((await told()).slice(1)).toEqual([
          '/letters/1 /cities/Lille: deleted /letters/1',
          'private /letters/1 /cities/Lille: row',
          'private /cities/Lille: deleted /letters/1',
          'private /letters/1 /cities/Paris: row',
        ]);
      });

      it('public is told to all, and nobody loses it', async () => {
        await manager.save(Letter, { id: 1, secret: true, place: { city: 'Lille' } });
        await manager.save(Letter, { id: 1, secret: false });
        expect(await told()).toEqual([
          'private /letters/1 /cities/Lille: row',
          '/letters/1 /cities/Lille: row',
        ]);
      });
    });

    it('a collection hears of every row, by its default name or its own', async () => {
      await manager.save(Item, { id: 1 });
      await manager.save(Film, { id: 2, reel: 'a' });
      await manager.remove(await manager.findOneByOrFail(Item, { id: 2 }));
      expect(await told()).toEqual([
        '/items/1 /items: row',
        '/films/a /reels: row',
        '/films/a /reels: deleted /films/a',
      ]);
    });
  });
});
