import {
  Controller,
  Get,
  Headers,
  Inject,
  type MessageEvent,
  NotFoundException,
  Param,
  Query,
  Sse,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MercureService, type TopicsInput } from '../../src/index.js';
import { unhung } from '../support/byte-log.js';
import { eventually } from '../support/eventually.js';
import { ADAPTERS, type AdapterName } from '../support/hub-app.js';
import { closedAfterEach } from './helpers/cleanup.js';

/** What an application writes to give its clients streams of its own making. */
@Controller()
class EventSourceController {
  constructor(@Inject(MercureService) private readonly mercure: MercureService) {}

  @Sse('eventsource/:node')
  follow(
    @Param('node') node: string,
    @Headers('last-event-id') lastEventId?: string,
  ): Observable<MessageEvent> {
    return this.mercure.subscribe(node, { lastEventId });
  }

  @Sse('mine/:user')
  mine(@Param('user') user: string): Observable<MessageEvent> {
    return this.mercure.subscribe(user, { grants: user });
  }

  @Sse('others')
  others(@Query('granted') granted: string): Observable<MessageEvent> {
    return this.mercure.subscribe('a', { grants: granted });
  }

  @Sse('admin')
  admin(): Observable<MessageEvent> {
    return this.mercure.subscribe({ all: true }, { trusted: true });
  }

  @Sse('everything')
  everything(): Observable<MessageEvent> {
    return this.mercure.subscribe({ all: true });
  }

  @Sse('nowhere')
  nowhere(): Observable<MessageEvent> {
    throw new NotFoundException();
  }

  @Get('plain')
  plain(): string {
    return 'plain';
  }
}

const { start, visit } = closedAfterEach();
const started = (adapter: AdapterName) => start({ adapter, controllers: [EventSourceController] });

describe.each(ADAPTERS)(
  'GET /eventsource/:node on %s, an @Sse() handler that returns subscribe(),',
  (adapter) => {
    it('brings updates to a browser as the hub itself would: heartbeats of the application, lines, ids, types', async () => {
      const hub = await started(adapter);
      const page = await visit(`${hub.origin}/eventsource/node-7`, { types: ['heartbeat'] });
      await eventually('the stream is subscribed', () => hub.hub.connections === 1);
      const { service } = hub;
      await service.publish({ topic: 'node-7', data: 'on', id: 'first' });
      await service.publish({ topic: 'node-7', type: 'heartbeat', data: { load: 0.5 }, id: 'beat' });
      await service.publish({ topic: 'node-8', data: 'of another node' });
      await service.publish({ topic: 'node-7', data: 'line 1\r\nline 2\n\nline 4', id: 'é/€' });
      await service.publish({ topic: ['elsewhere', 'node-7'], data: 'last' });
      expect(await page.hears('last')).toEqual([
        { type: 'message', data: 'on', id: 'first' },
        { type: 'heartbeat', data: '{"load":0.5}', id: 'beat' },
        { type: 'message', data: 'line 1\nline 2\n\nline 4', id: 'é/€' },
        { type: 'message', data: 'last', id: service.lastEventId() },
      ]);
      expect(page.messages).toEqual(['on', 'line 1\nline 2\n\nline 4', 'last']);
    });

    it('goes on after the id a browser comes back with, at the pace it was told', async () => {
      const hub = await started(adapter);
      const page = await visit(`${hub.origin}/eventsource/a`);
      await eventually('the stream is subscribed', () => hub.hub.connections === 1);
      await hub.service.publish({ topic: 'a', data: 'before', id: '1', retry: 10 });
      await page.hears('before');
      const lost = page.errors;
      hub.server.closeAllConnections();
      await page.until(() => page.errors > lost, 'the loss of the connection');
      await hub.service.publish({ topic: 'a', data: 'meanwhile', id: '2' });
      await page.hears('meanwhile');
      await hub.service.publish({ topic: 'a', data: 'after', id: '3' });
      await page.hears('after');
      expect(page.data).toEqual(['before', 'meanwhile', 'after']);
      expect(page.connections.at(-1)).toEqual({ lastEventId: '1', status: 200 });
    });

    it('tells a gap with an id, so that the browser’s cursor is never one that Nest has numbered', async () => {
      const hub = await started(adapter);
      const page = await visit(`${hub.origin}/eventsource/a`, {
        types: ['mercure'],
        headers: { 'last-event-id': 'never kept' },
      });
      await page.until(() => page.heard.length > 0, 'the gap');
      const [gap] = page.heard;
      expect(gap!.type).toBe('mercure');
      expect(JSON.parse(gap!.data)).toMatchObject({
        type: 'gap',
        requested: 'never kept',
        reason: 'unknown',
      });
      expect(gap!.id).toBe('earliest');
      await hub.service.publish({ topic: 'a', data: 'goes on' });
      await page.hears('goes on');
    });

    it.each(['*', '%2A', '{id}', 'https:%2F%2Fexample.com%2F*', '.*'])(
      'takes /eventsource/%s for the name of one topic, and brings nothing of others',
      async (node) => {
        const hub = await started(adapter);
        const page = await visit(`${hub.origin}/eventsource/${node}`);
        const everything = await visit(`${hub.origin}/everything`);
        await eventually('both streams are subscribed', () => hub.hub.connections === 2);
        await hub.service.publish({ topic: 'a', data: 'of a' });
        await hub.service.publish({ topic: 'https://example.com/b', data: 'of b' });
        await everything.hears('of b');
        // Ended by the hub, so that whatever was on its way to the page has arrived.
        const errors = page.errors;
        hub.server.close();
        await hub.hub.shutdown(0);
        await page.until(() => page.errors > errors, 'the end of the stream');
        expect(page.heard).toEqual([]);
        expect(everything.data).toEqual(['of a', 'of b']);
      },
    );

    it('keeps private updates back, unless their topic is granted or the stream is trusted', async () => {
      const hub = await started(adapter);
      const pages = {
        stranger: await visit(`${hub.origin}/eventsource/a`),
        granted: await visit(`${hub.origin}/mine/a`),
        alternate: await visit(`${hub.origin}/others?granted=b`),
        elsewhere: await visit(`${hub.origin}/others?granted=c`),
        wildcard: await visit(`${hub.origin}/others?granted=*`),
        everything: await visit(`${hub.origin}/everything`),
        admin: await visit(`${hub.origin}/admin`),
      };
      await eventually('all streams are subscribed', () => hub.hub.connections === 7);
      await hub.service.publish({ topic: ['a', 'b'], data: 'secret', private: true });
      await hub.service.publish({ topic: 'x', data: 'secret of x', private: true });
      await hub.service.publish({ topic: 'a', data: 'public' });
      for (const page of Object.values(pages)) await page.hears('public');
      const heard = Object.entries(pages).map(([name, page]) => [name, page.data]);
      expect(Object.fromEntries(heard)).toEqual({
        stranger: ['public'],
        granted: ['secret', 'public'],
        alternate: ['secret', 'public'],
        elsewhere: ['public'],
        wildcard: ['public'],
        everything: ['public'],
        admin: ['secret', 'secret of x', 'public'],
      });
    });

    it('gives its subscription back when the browser goes away', async () => {
      const hub = await started(adapter);
      const page = await visit(`${hub.origin}/eventsource/a`);
      await eventually('the stream is subscribed', () => hub.hub.connections === 1);
      await page.close();
      await eventually('the subscription is given back', () => hub.hub.connections === 0);
    });

    it('ends its streams when the application closes', async () => {
      const hub = await started(adapter);
      const pages = await Promise.all([1, 2, 3].map(() => visit(`${hub.origin}/eventsource/a`)));
      await eventually('all streams are subscribed', () => hub.hub.connections === 3);
      await unhung(hub.close(), 'app.close()');
      for (const page of pages) await page.until(() => page.errors > 0, 'the end of the stream');
    });
  },
);

describe('MercureService.subscribe', () => {
  const silent = { error: () => undefined };

  it('is cold: nothing is subscribed before somebody subscribes, each subscriber by itself', async () => {
    const { service, hub } = await start();
    const followed = service.subscribe('a');
    expect(hub.connections).toBe(0);
    const heard: string[][] = [[], []];
    const subscriptions = heard.map((into) => followed.subscribe(({ data }) => into.push(data as string)));
    expect(hub.connections).toBe(2);
    await service.publish({ topic: 'a', data: '1' });
    subscriptions[0]!.unsubscribe();
    expect(hub.connections).toBe(1);
    await service.publish({ topic: 'a', data: '2' });
    expect(heard).toEqual([['1'], ['1', '2']]);
  });

  it('has no lifetime and no bound: it is the application’s own', async () => {
    const { service, hub } = await start({ options: { maxConnections: 1, maxConnectionsPerClient: 1 } });
    for (let i = 0; i < 3; i++) service.subscribe('a').subscribe();
    expect(hub.connections).toBe(3);
  });

  it.each<[string, TopicsInput, string[]]>([
    ['one topic', 'https://example.com/books/1', ['book 1']],
    ['several topics', ['https://example.com/books/1', 'x'], ['book 1', 'x']],
    ['exact topics', { match: ['x'] }, ['x']],
    ['a URL Pattern', { urlPattern: 'https://example.com/books/:id' }, ['book 1', 'book 2']],
    ['a URI Template', { template: 'https://example.com/{kind}/1' }, ['book 1', 'film 1']],
    ['several kinds', { match: 'x', urlPattern: 'https://example.com/films/*' }, ['film 1', 'x']],
    ['everything', { all: true }, ['book 1', 'book 2', 'film 1', 'x']],
  ])('follows %s', async (_, topics, expected) => {
    const { service } = await start();
    const heard: unknown[] = [];
    service.subscribe(topics).subscribe(({ data }) => heard.push(data));
    await service.publishMany([
      { topic: 'https://example.com/books/1', data: 'book 1' },
      { topic: 'https://example.com/books/2', data: 'book 2' },
      { topic: 'https://example.com/films/1', data: 'film 1' },
      { topic: 'x', data: 'x' },
    ]);
    await service.publish({ topic: 'fence' });
    expect(heard.filter((data) => data !== '')).toEqual(expected);
  });

  it.each<[string, unknown, string]>([
    ['nothing', [], 'TOPIC_MISSING'],
    ['no kind', {}, 'TOPIC_MISSING'],
    ['an unknown kind', { topics: 'a' }, 'MATCHER_UNKNOWN'],
    ['a number', { match: 7 }, 'MATCHER_INVALID'],
    ['a broken pattern', { urlPattern: 'https://example.com/(' }, 'MATCHER_INVALID'],
    ['`all` that is not true', { all: 'yes' }, 'MATCHER_UNKNOWN'],
    ['an inherited name', { constructor: 'a' }, 'MATCHER_UNKNOWN'],
  ])('tells on the Observable that %s cannot be followed', async (_, topics, code) => {
    const { service, hub } = await start();
    const failed = new Promise<unknown>((error) => {
      service.subscribe(topics as TopicsInput).subscribe({ error });
    });
    await expect(unhung(failed, 'the error')).resolves.toMatchObject({ name: 'MercureError', code });
    expect(hub.connections).toBe(0);
  });

  it('begins now: what was acknowledged before is not brought, not even where nobody had listened yet', async () => {
    const { service } = await start();
    await service.publish({ topic: 'a', data: 'before' });
    const heard: unknown[] = [];
    service.subscribe('a').subscribe(({ data }) => heard.push(data));
    await service.publish({ topic: 'a', data: 'fence' });
    await eventually('the fence is heard', () => heard.includes('fence'));
    expect(heard).toEqual(['fence']);
  });

  it('resumes after an id that was acknowledged just now, without bringing it again', async () => {
    const { service } = await start();
    const lastEventId = await service.publish({ topic: 'a', data: 'before' });
    const heard: unknown[] = [];
    service.subscribe('a', { lastEventId }).subscribe(({ data }) => heard.push(data));
    await service.publish({ topic: 'a', data: 'fence' });
    await eventually('the fence is heard', () => heard.includes('fence'));
    expect(heard).toEqual(['fence']);
  });

  it('resumes after an id, and from everything kept, without gap or duplicate', async () => {
    const { service } = await start();
    await service.publishMany(['1', '2', '3'].map((id) => ({ topic: 'a', data: id, id })));
    const after: unknown[] = [];
    const all: unknown[] = [];
    service.subscribe('a', { lastEventId: '1' }).subscribe(({ data }) => after.push(data));
    service.subscribe('a', { lastEventId: 'earliest' }).subscribe(({ data }) => all.push(data));
    await service.publish({ topic: 'a', data: '4', id: '4' });
    await eventually('both have the newest', () => after.includes('4') && all.includes('4'));
    expect(after).toEqual(['2', '3', '4']);
    expect(all).toEqual(['1', '2', '3', '4']);
  });

  it('completes when the hub shuts down, and is refused after that', async () => {
    const hub = await start();
    const completed = Promise.all(
      ['a', 'b'].map(
        (topic) =>
          new Promise<void>((complete, reject) => {
            hub.service.subscribe(topic).subscribe({ complete, error: reject });
          }),
      ),
    );
    await hub.close();
    await unhung(completed, 'the completion');
    const refused = new Promise<unknown>((error) => {
      hub.service.subscribe('a').subscribe({ ...silent, error });
    });
    await expect(unhung(refused, 'the refusal')).resolves.toMatchObject({ code: 'HUB_CLOSED' });
  });

  it('is not disturbed by a subscriber that throws', async () => {
    const { service } = await start();
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => void unhandled.push(error);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', listener);
    try {
      const heard: unknown[] = [];
      service.subscribe('a').subscribe(() => {
        throw new Error('of the application');
      });
      service.subscribe('a').subscribe(({ data }) => heard.push(data));
      await service.publish({ topic: 'a', data: '1' });
      await service.publish({ topic: 'a', data: '2' });
      expect(heard).toEqual(['1', '2']);
      await eventually('RxJS has reported the error', () => unhandled.length === 2);
    } finally {
      process.off('uncaughtException', listener);
      for (const each of before) process.on('uncaughtException', each);
    }
  });
});
