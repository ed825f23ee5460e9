import { describe, expect, it } from 'vitest';
import { BroadcastCounter } from '../../src/broadcast/broadcast-counts.js';
import { FaultLog } from '../../src/broadcast/fault-log.js';
import { type Broadcasting, PublishQueue, type QueueEntry } from '../../src/broadcast/publish-queue.js';
import { Reservation } from '../../src/broadcast/reservation.js';
import { MercureError } from '../../src/errors.js';
import { eventually } from '../support/eventually.js';
import { RecordingLogger, RecordingPublisher } from './recording.js';

const broadcasts = (...topics: string[]): Broadcasting[] =>
  topics.map((topic) => ({
    update: { topic },
    what: `Broadcast of entity "${topic}" (create)`,
    entity: topic,
  }));

const ready = (...topics: string[]): QueueEntry => ({
  size: topics.length,
  take: () => Promise.resolve(broadcasts(...topics)),
});

const placeOf = (...topics: string[]): Reservation =>
  new Reservation({
    broadcasts: broadcasts(...topics),
    changes: topics.length,
    open: 0,
    rest: () => Promise.reject(new Error('nothing is open')),
  });

function queueOn(publisher: RecordingPublisher, bounds = { maxPending: 100, maxWaitMs: 10_000 }) {
  const logger = new RecordingLogger();
  const counts = new BroadcastCounter();
  return {
    queue: new PublishQueue(publisher, { faults: new FaultLog(logger), counts }, bounds),
    logger,
    counts,
  };
}

const topics = ({ batches }: RecordingPublisher) => batches.map((batch) => batch.map(({ topic }) => topic));

describe('the queue to the hub', () => {
  it('keeps the order in which places were taken, not the order in which they were filled', async () => {
    const publisher = new RecordingPublisher();
    const { queue } = queueOn(publisher);
    const [first, second] = [placeOf('a', 'b'), placeOf('c')];
    queue.add(first);
    queue.add(second);
    second.commit();
    first.commit();
    await queue.flush();
    expect(topics(publisher).flat()).toEqual(['a', 'b', 'c']);
  });

  it('hands over together what was committed while the hub was busy, up to what is still under way, in bounds', async () => {
    const publisher = new RecordingPublisher();
    let answer!: () => void;
    publisher.before = () => new Promise<void>((resolve) => (answer = resolve));
    const { queue } = queueOn(publisher, { maxPending: 10_000, maxWaitMs: 10_000 });
    const place = (...names: string[]): Reservation => {
      const reservation = placeOf(...names);
      queue.add(reservation);
      return reservation;
    };
    place('first').commit();
    await eventually('the hub is busy', () => answer !== undefined);
    publisher.before = () => undefined;
    place('a', 'b').commit();
    place('gone').abandon();
    place('c').commit();
    const open = place('under way');
    const many = Array.from({ length: 400 }, (_, index) => `${index}`);
    for (let time = 0; time < 3; time++) place(...many).commit();
    answer();
    await eventually('what was committed is handed over', () => publisher.batches.length === 2);
    open.commit();
    await queue.flush();
    expect(topics(publisher).map((batch) => batch.length)).toEqual([1, 3, 801, 400]);
    expect(topics(publisher).flat()).toEqual([
      'first',
      'a',
      'b',
      'c',
      'under way',
      ...many,
      ...many,
      ...many,
    ]);
  });

  it('passes over a place that was given up', async () => {
    const publisher = new RecordingPublisher();
    const { queue } = queueOn(publisher);
    const place = placeOf('a');
    queue.add(place);
    queue.add(ready('b'));
    place.abandon();
    await queue.flush();
    expect(topics(publisher)).toEqual([['b']]);
  });

  it('does not wait for ever for a place that is never filled; filled late, it goes last', async () => {
    const publisher = new RecordingPublisher();
    const { queue, logger } = queueOn(publisher, { maxPending: 100, maxWaitMs: 10 });
    const place = placeOf('a');
    queue.add(place);
    queue.add(ready('b'));
    await queue.flush();
    place.commit();
    await new Promise(setImmediate);
    await queue.flush();
    expect(topics(publisher)).toEqual([['b'], ['a']]);
    expect(logger.lines).toEqual([expect.stringContaining('not over after 10 ms')]);
  });

  it('is bounded: past the bound broadcasts are dropped, which is told once', async () => {
    const publisher = new RecordingPublisher();
    const { queue, logger } = queueOn(publisher, { maxPending: 2, maxWaitMs: 10_000 });
    for (const topic of ['a', 'b', 'c', 'd']) queue.add(ready(topic));
    await queue.flush();
    queue.add(ready('e'));
    await queue.flush();
    expect(topics(publisher).flat()).toEqual(['a', 'b', 'e']);
    expect(logger.lines).toEqual([expect.stringContaining('the hub is 2 updates behind')]);
  });

  it('takes one transaction that is larger than the bound', async () => {
    const publisher = new RecordingPublisher();
    const { queue } = queueOn(publisher, { maxPending: 2, maxWaitMs: 10_000 });
    queue.add(ready('a', 'b', 'c'));
    await queue.flush();
    expect(topics(publisher)).toEqual([['a', 'b', 'c']]);
  });

  it('goes on after a hub that fails, and tells each cause once', async () => {
    const publisher = new RecordingPublisher();
    publisher.before = () => Promise.reject(new Error('out of order'));
    const { queue, logger } = queueOn(publisher);
    queue.add(ready('a'));
    queue.add(ready('a'));
    await queue.flush();
    publisher.before = () => undefined;
    queue.add(ready('b'));
    await queue.flush();
    expect(topics(publisher)).toEqual([['b']]);
    expect(logger.lines).toEqual([
      expect.stringMatching(/^error Broadcast of entity "a" \(create\): out of order\. .*must read again/),
    ]);
  });

  it('asks a hub that is busy again, and keeps the order', async () => {
    const publisher = new RecordingPublisher();
    let refusals = 2;
    publisher.before = () => {
      if (refusals-- > 0)
        throw new MercureError('HUB_OVERLOADED', 503, 'Service Unavailable', 'Publish slower.');
    };
    const { queue, logger } = queueOn(publisher);
    queue.add(ready('a'));
    queue.add(ready('b'));
    await queue.flush();
    expect(topics(publisher)).toEqual([['a'], ['b']]);
    expect(logger.lines).toEqual([]);
  });

  it('an update that the hub refuses for what it is does not take the others along', async () => {
    const publisher = new RecordingPublisher();
    publisher.before = (inputs) => {
      if (!inputs.some(({ topic }) => topic === 'bad')) return;
      throw new MercureError('UPDATE_INVALID', 400, 'Bad topic', 'Use another.');
    };
    const { queue, logger } = queueOn(publisher);
    queue.add(ready('a', 'bad', 'c'));
    await queue.flush();
    expect(topics(publisher)).toEqual([['a'], ['c']]);
    expect(logger.lines).toEqual([expect.stringContaining('entity "bad" (create): Bad topic. Use another.')]);
  });
});
