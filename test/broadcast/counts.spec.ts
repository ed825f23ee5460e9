import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BroadcastCounts } from '../../src/broadcast/broadcast-counts.js';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import type { EntityBroadcaster } from '../../src/broadcast/entity-broadcaster.js';
import { MercureError } from '../../src/errors.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { startOutboxApp } from './outbox/outbox-app.js';
import { recordingBroadcaster } from './recording.js';
import { ENTITIES, OrderLine, TRIGGERED } from './trigger/entities.js';
import { migrate, startTriggerApp } from './trigger/trigger-app.js';

@Broadcast({ topic: '/parcels/{id}' })
@Entity()
class Parcel {
  @PrimaryColumn('int')
  id!: number;

  @Column('varchar', { default: '' })
  title!: string;
}

@Broadcast<Crate>({
  topic: '/crates/{id}',
  serialize: (crate) => {
    if (crate.title === 'broken') throw new Error('no');
    return crate;
  },
})
@Entity()
class Crate extends Parcel {}

const there = await answering('test/broadcast/counts');

/** What is not nothing of an entity's counts. */
const countsOf = ({ counts }: Pick<EntityBroadcaster, 'counts'>, name: string) => {
  const { entity: _, ...all } = counts.find(({ entity }) => entity === name) ?? { entity: name };
  return Object.fromEntries(
    Object.entries(all as Partial<BroadcastCounts>).filter(([, count]) => count !== 0),
  );
};

describe.each(DATABASES)('what is counted on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'counts', [Parcel, Crate]);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      database.dataSource.subscribers.length = 0;
      recording = recordingBroadcaster();
      recording.broadcaster.attach(database.dataSource);
    });

    const parcels = async () => {
      await recording.broadcaster.flush();
      return countsOf(recording.broadcaster, 'Parcel');
    };

    it('published: updates, of each entity by itself', async () => {
      const { manager } = database.dataSource;
      await manager.save([manager.create(Parcel, { id: 1 }), manager.create(Parcel, { id: 2 })]);
      await manager.insert(Parcel, { id: 3 });
      await manager.save(Crate, { id: 1 });
      expect(await parcels()).toEqual({ published: 3 });
      expect(countsOf(recording.broadcaster, 'Crate')).toEqual({ published: 1 });
    });

    it('nothing of what is rolled back', async () => {
      const failing = database.dataSource.transaction(async (manager) => {
        await manager.save(Parcel, { id: 1 });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await parcels()).toEqual({});
    });

    it('coalesced: changes that went into another of their row, or into nothing', async () => {
      await database.dataSource.transaction(async (manager) => {
        const parcel = await manager.save(Parcel, manager.create(Parcel, { id: 1 }));
        await manager.save(Object.assign(parcel, { title: 'a' }));
        const gone = await manager.save(Parcel, manager.create(Parcel, { id: 2 }));
        await manager.remove(gone);
      });
      expect(await parcels()).toEqual({ published: 1, coalesced: 3 });
    });

    it('suppressed: changes of suppress(), and while nothing is told', async () => {
      const { manager } = database.dataSource;
      const { scope } = recording.broadcaster;
      await scope.suppress(() => manager.save(Parcel, { id: 1 }));
      await scope.suppress(() => manager.update(Parcel, { title: '' }, { title: 'a' }));
      scope.enabled = false;
      await manager.insert(Parcel, { id: 2 });
      expect(await parcels()).toEqual({ suppressed: 3 });
    });

    it('bulk: writes that named no row, whatever becomes of them', async () => {
      const { manager } = database.dataSource;
      await manager.update(Parcel, { title: '' }, { title: 'a' });
      await manager.delete(Parcel, { title: 'a' });
      await manager.clear(Parcel);
      expect(await parcels()).toEqual({ bulk: 3 });
    });

    it('failed: updates that cannot be made, and those that the hub refuses', async () => {
      const { manager } = database.dataSource;
      await manager.save(Crate, { id: 1, title: 'broken' });
      recording.publisher.before = (inputs) => {
        if (inputs.some(({ data }) => (data as string).includes('refused')))
          throw new MercureError('UPDATE_INVALID', 400, 'no', 'Another one.');
      };
      await database.dataSource.transaction(async (inner) => {
        await inner.save(Parcel, { id: 1, title: 'refused' });
        await inner.save(Parcel, { id: 2, title: 'taken' });
      });
      expect(await parcels()).toEqual({ published: 1, failed: 1 });
      expect(countsOf(recording.broadcaster, 'Crate')).toEqual({ failed: 1 });
    });
  });
});

describe('what is counted under an outbox', () => {
  let database: TestDatabase;
  let app: Awaited<ReturnType<typeof startOutboxApp>>;

  beforeAll(async () => {
    database = await openDatabase('SQLite', 'counts_outbox', [Parcel, Crate]);
    app = await startOutboxApp('table', database.dataSource);
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('is what was committed with its updates, and failed what could not be, once', async () => {
    const { dataSource } = database;
    await dataSource.transaction(async (manager) => {
      const parcel = await manager.save(Parcel, manager.create(Parcel, { id: 1 }));
      await manager.save(Object.assign(parcel, { title: 'a' }));
    });
    await dataSource.manager.insert(Parcel, { id: 2 });
    await expect(dataSource.manager.save(Crate, { id: 1, title: 'broken' })).rejects.toThrow('no');
    await app.told();
    expect(countsOf(app.broadcaster, 'Parcel')).toEqual({ published: 2, coalesced: 1 });
    expect(countsOf(app.broadcaster, 'Crate')).toEqual({ failed: 1 });
  });
});

describe.skipIf(!there.has('PostgreSQL'))('what is counted by triggers', () => {
  let database: TestDatabase;
  let app: Awaited<ReturnType<typeof startTriggerApp>>;

  beforeAll(async () => {
    database = await openDatabase('PostgreSQL', 'counts_trigger', ENTITIES);
    await migrate(database.dataSource, 'up', TRIGGERED);
    app = await startTriggerApp(database.dataSource);
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('is what the hub took, once, also where it took it the second time', async () => {
    const { manager } = database.dataSource;
    const { schema } = database.dataSource.options as { schema: string };
    let refusals = 1;
    app.before = () => {
      if (refusals-- > 0) throw new MercureError('TRANSPORT_UNAVAILABLE', 503, 'away', 'Wait.');
    };
    await database.dataSource.transaction(async (inner) => {
      const line = await inner.save(OrderLine, inner.create(OrderLine, { orderId: 1, line: 1, amount: 1 }));
      await inner.save(Object.assign(line, { amount: 2 }));
    });
    await app.told();
    await manager.query(`TRUNCATE ${schema}.order_line`);
    expect(await app.told()).toEqual(['/order-lines/1,1']);
    expect(refusals).toBeLessThan(0);
    expect(countsOf(app.broadcaster, 'OrderLine')).toEqual({ published: 1, coalesced: 1, bulk: 1 });
  });
});
