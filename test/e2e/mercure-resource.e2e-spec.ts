import {
  Body,
  type CallHandler,
  type ExecutionContext,
  Controller,
  Get,
  HttpStatus,
  Inject,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Req,
  Res,
} from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import Database from 'libsql';
import { firstValueFrom, map, type Observable } from 'rxjs';
import { ChildEntity, Column, DataSource, Entity, ManyToOne, PrimaryColumn, TableInheritance } from 'typeorm';
import { describe, expect, it } from 'vitest';
import {
  Broadcast,
  BroadcastService,
  MercureResource,
  type MercureOptions,
  MercureService,
} from '../../src/index.js';
import { type Answer, type RequestSettings, send } from '../support/http-client.js';
import { ADAPTERS, type HubApp, type HubAppSettings } from '../support/hub-app.js';
import { linksOf } from '../support/link-fields.js';
import { closedAfterEach } from './helpers/cleanup.js';

const PUBLIC_URL = 'https://shop.test';
const HUB = `${PUBLIC_URL}/.well-known/mercure`;

@Broadcast({ collection: true })
@Entity()
@TableInheritance({ column: { type: 'text', name: 'kind' } })
class Article {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'text' })
  title!: string;
}

@Broadcast({ collection: true, type: 'paper', payload: 'merge-patch' })
@ChildEntity()
class Paper extends Article {}

@Broadcast({ topic: '/articles/{article.id}/notes/{id}', jsonLd: true })
@Entity()
class Note {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @ManyToOne(() => Article)
  article!: Article;
}

@Broadcast<Account>({ topic: ({ owner, id }) => `/owners/${owner}/accounts/${id}`, private: true })
@Entity()
class Account {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'text' })
  owner!: string;
}

@Entity()
class Quiet {
  @PrimaryColumn({ type: 'integer' })
  id!: number;
}

@Controller('articles')
class ArticlesController {
  constructor(
    @Inject(getDataSourceToken()) private readonly db: DataSource,
    private readonly mercure: MercureService,
    private readonly broadcasts: BroadcastService,
  ) {}

  @Get()
  @MercureResource({ entity: Article, collection: true })
  all(): Promise<Article[]> {
    return this.db.manager.find(Article);
  }

  @Get(':id')
  @MercureResource()
  async one(
    @Param('id', new ParseIntPipe({ errorHttpStatusCode: HttpStatus.NOT_FOUND })) id: number,
  ): Promise<Article> {
    const article = await this.db.manager.findOneBy(Article, { id });
    if (!article) throw new NotFoundException();
    return article;
  }

  @Post()
  add(@Body() body: Article): Promise<Article> {
    return this.db.manager.save(this.db.manager.create(Article, body));
  }

  /** What a client is shown has neither the class nor the key. */
  @Get(':id/title')
  @MercureResource({ entity: Article })
  async title(@Param('id') id: string): Promise<object> {
    const { title } = await this.one(Number(id));
    return { title };
  }

  @Get(':article/notes/:id')
  @MercureResource({ entity: Note })
  note(@Param('article') article: string): object {
    return { article: { id: Number(article) } };
  }

  @Get(':article/notes')
  @MercureResource({ topic: '/articles/{article}/notes', collection: true, type: 'note', contentType: 'a/b' })
  notes(): object[] {
    return [];
  }

  /** Something happens while the handler reads. */
  @Get('while/read')
  @MercureResource()
  async slow(): Promise<Article> {
    const dispatched = firstValueFrom(this.mercure.subscribe('https://shop.test/during'));
    await this.mercure.publish({ topic: 'https://shop.test/during', id: 'during' });
    await dispatched;
    return this.one(1);
  }

  @Get('conditional/1')
  @MercureResource({ topic: '/articles/1', collection: true })
  unchanged(
    @Req() { headers }: { headers: Record<string, string> },
    @Res({ passthrough: true }) response: { status(code: number): void },
  ): object | undefined {
    if (!headers['if-none-match']) return [{ id: 1 }];
    response.status(304);
    return undefined;
  }

  @Get('accounts/:id')
  @MercureResource()
  async account(@Param('id') id: string, @Res({ passthrough: true }) response: object): Promise<Account> {
    const account = await this.db.manager.findOneByOrFail(Account, { id: Number(id) });
    await this.mercure.authorize(response, { subscribe: [this.broadcasts.topicOf(Account, account)] });
    return account;
  }

  @Get('accounts/:id/balance')
  @MercureResource({ entity: Account })
  balance(): object {
    return { balance: 7 };
  }

  @Get('broken/topic')
  @MercureResource({
    topic: () => {
      throw new Error('of the application');
    },
  })
  broken(): object {
    return { id: 1 };
  }

  @Get('no/uri')
  @MercureResource({ topic: () => 'urn:shop:"><é' })
  strange(): object {
    return { id: 1 };
  }

  @Get('raw/answer')
  @MercureResource()
  raw(@Res() response: { send(body: string): void }): void {
    response.send('by itself');
  }
}

/** What applications do to every answer. */
@Injectable()
class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<object> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

const { start, visit } = closedAfterEach();

const sqlite = (entities: (new () => object)[]) =>
  TypeOrmModule.forRoot({
    type: 'better-sqlite3',
    driver: Database,
    database: ':memory:',
    entities,
    synchronize: true,
    retryAttempts: 0,
  });

/** A shop whose hub has dispatched one update, with the id `before`. */
async function shop({ options, ...settings }: HubAppSettings = {}): Promise<HubApp> {
  const hub = await start({
    controllers: [ArticlesController],
    modules: [sqlite([Article, Paper, Note, Account])],
    options: { publicUrl: PUBLIC_URL, ...options },
    ...settings,
  });
  const { manager } = hub.app.get<DataSource>(getDataSourceToken());
  hub.app.get(BroadcastService).enabled = false;
  await manager.insert(Article, { id: 1, title: 'a' });
  await manager.insert(Paper, { id: 2, title: 'p' });
  await manager.insert(Account, { id: 7, owner: 'me' });
  hub.app.get(BroadcastService).enabled = true;
  await hub.service.publish({ topic: 'https://shop.test/before', id: 'before' });
  return hub;
}

describe.each(ADAPTERS)('@MercureResource on %s', (adapter) => {
  const get = (hub: HubApp, path: string, settings?: RequestSettings): Promise<Answer> =>
    send(`${hub.origin}/articles${path}`, settings);

  it('tells a resource’s hub, cursor and topic, and what its updates are', async () => {
    const hub = await shop({ adapter });
    const { status, headers, text } = await get(hub, '/1');
    expect([status, JSON.parse(text)]).toEqual([200, { id: 1, title: 'a' }]);
    expect(linksOf(headers)).toEqual({
      mercure: {
        target: HUB,
        rel: 'mercure',
        'last-event-id': 'before',
        'content-type': 'application/json',
      },
      self: { target: `${PUBLIC_URL}/articles/1`, rel: 'self' },
    });
  });

  it('tells the collection’s topic, though nothing is in it', async () => {
    const hub = await shop({ adapter });
    await hub.app.get<DataSource>(getDataSourceToken()).manager.clear(Article);
    const { headers, text } = await get(hub, '');
    expect(text).toBe('[]');
    expect(linksOf(headers)).toMatchObject({
      mercure: { 'last-event-id': 'before', 'content-type': 'application/json' },
      self: { target: `${PUBLIC_URL}/articles` },
    });
  });

  it('tells of a child entity what its own declaration says', async () => {
    const hub = await shop({ adapter });
    expect(linksOf((await get(hub, '/2')).headers)).toMatchObject({
      mercure: { 'content-type': 'application/merge-patch+json', type: 'paper' },
      self: { target: `${PUBLIC_URL}/papers/2` },
    });
  });

  it('takes the cursor before the handler reads', async () => {
    const hub = await shop({ adapter });
    const { headers } = await get(hub, '/while/read');
    expect(linksOf(headers)['mercure']).toMatchObject({ 'last-event-id': 'before' });
    expect(hub.service.lastEventId()).toBe('during');
  });

  it('says `earliest` where nothing was dispatched yet', async () => {
    const hub = await start({
      adapter,
      controllers: [ArticlesController],
      modules: [sqlite([Article, Paper, Note, Account])],
      options: { publicUrl: PUBLIC_URL },
    });
    const { headers } = await get(hub, '');
    expect(linksOf(headers)['mercure']).toMatchObject({ 'last-event-id': 'earliest' });
  });

  it('takes from the route what the answer does not have', async () => {
    const hub = await shop({ adapter });
    expect(linksOf((await get(hub, '/1/title')).headers)['self']).toMatchObject({
      target: `${PUBLIC_URL}/articles/1`,
    });
    expect(linksOf((await get(hub, '/3/notes/5')).headers)).toMatchObject({
      mercure: { 'content-type': 'application/ld+json' },
      self: { target: `${PUBLIC_URL}/articles/3/notes/5` },
    });
  });

  it('tells a topic of the handler’s own, with its type and content type', async () => {
    const hub = await shop({ adapter });
    expect(linksOf((await get(hub, '/a%2Fb/notes')).headers)).toMatchObject({
      mercure: { 'content-type': 'a/b', type: 'note' },
      self: { target: `${PUBLIC_URL}/articles/a%2Fb/notes` },
    });
  });

  it('tells no topic of what is not there, but where to wait for it', async () => {
    const hub = await shop({ adapter });
    for (const path of ['/99', '/none']) {
      const { status, headers } = await get(hub, path);
      expect(status).toBe(404);
      expect(linksOf(headers), path).toEqual({
        mercure: { target: HUB, rel: 'mercure', 'last-event-id': 'before' },
      });
    }
  });

  it('tells the same to HEAD, and with 304', async () => {
    const hub = await shop({ adapter });
    const told = linksOf((await get(hub, '/1')).headers);
    const head = await get(hub, '/1', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    expect(linksOf(head.headers)).toEqual(told);
    expect(linksOf((await get(hub, '/conditional/1')).headers)).toHaveProperty('self');
    const unchanged = await get(hub, '/conditional/1', { headers: { 'if-none-match': '"1"' } });
    expect([unchanged.status, unchanged.text]).toEqual([304, '']);
    expect(linksOf(unchanged.headers)).toMatchObject({
      mercure: { 'last-event-id': 'before' },
      self: { target: `${PUBLIC_URL}/articles/1` },
    });
  });

  it('is not in the way of global interceptors, prefixes and other links', async () => {
    const hub = await shop({
      adapter,
      configure: (app) => {
        app.useGlobalInterceptors(new Wrapping());
        app.setGlobalPrefix('api', { exclude: ['articles/{*path}'] });
        app.use(
          (
            _request: unknown,
            response: { setHeader(name: string, value: string): void },
            next: () => void,
          ) => {
            response.setHeader('Link', '</style.css>; rel="preload"');
            next();
          },
        );
      },
    });
    const { headers, text } = await get(hub, '/1');
    expect(JSON.parse(text)).toEqual({ data: { id: 1, title: 'a' } });
    expect(linksOf(headers)).toMatchObject({
      preload: { target: '/style.css' },
      mercure: { 'last-event-id': 'before' },
      self: { target: `${PUBLIC_URL}/articles/1` },
    });
  });

  it('goes with a handler that grants its topic: the cookie opens the private stream', async () => {
    const hub = await shop({ adapter, options: { anonymous: false } });
    const { headers } = await get(hub, '/accounts/7');
    const { mercure, self } = linksOf(headers);
    expect(self!.target).toBe(`${PUBLIC_URL}/owners/me/accounts/7`);
    const [cookie] = headers['set-cookie']![0]!.split(';');
    const query = new URLSearchParams({ topic: self!.target, lastEventID: mercure!['last-event-id']! });
    const page = await visit(`${hub.url}?${query.toString()}`, { headers: { cookie: cookie! } });
    const { manager } = hub.app.get<DataSource>(getDataSourceToken());
    await manager.save(Account, { id: 7, owner: 'me too' });
    await page.until(() => page.data.length === 1, 'what its owner loses');
    expect(JSON.parse(page.data[0]!)).toMatchObject({ '@id': self!.target, deleted: true });
  });

  it('asks no function for the topic of half a row', async () => {
    const hub = await shop({ adapter });
    const { status, headers } = await get(hub, '/accounts/7/balance');
    expect(status).toBe(200);
    expect(linksOf(headers)).not.toHaveProperty('self');
  });

  it.each(['/broken/topic', '/no/uri', '/raw/answer'])('leaves the answer of %s alone', async (path) => {
    const hub = await shop({ adapter });
    const { status, headers } = await get(hub, path);
    expect(status).toBe(200);
    expect(linksOf(headers)).not.toHaveProperty('self');
  });

  it('tells a hub without `publicUrl` by its path', async () => {
    @Broadcast({ topic: 'urn:quiet:{id}' })
    @Entity()
    class Named {
      @PrimaryColumn({ type: 'integer' })
      id!: number;
    }
    @Controller('named')
    class NamedController {
      @Get()
      @MercureResource()
      named(): Named {
        return Object.assign(new Named(), { id: 4 });
      }
    }
    const hub = await start({ adapter, controllers: [NamedController], modules: [sqlite([Named])] });
    expect(linksOf((await send(`${hub.origin}/named`)).headers)).toMatchObject({
      mercure: { target: '/.well-known/mercure' },
      self: { target: 'urn:quiet:4' },
    });
  });
});

describe('@MercureResource refuses', () => {
  const refused = (handler: MethodDecorator, options: MercureOptions = {}) => {
    @Controller('x')
    class XController {
      read(): undefined {
        return undefined;
      }
    }
    handler(XController.prototype, 'read', Object.getOwnPropertyDescriptor(XController.prototype, 'read')!);
    Get()(XController.prototype, 'read', Object.getOwnPropertyDescriptor(XController.prototype, 'read')!);
    return expect(
      start({
        controllers: [XController],
        modules: [sqlite([Account, Quiet])],
        options: { publicUrl: PUBLIC_URL, ...options },
      }),
    ).rejects;
  };

  it('an entity that is not broadcast', async () => {
    await refused(MercureResource({ entity: Quiet })).toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringMatching(/^@MercureResource on XController\.read: .* not broadcast/) as string,
    });
  });

  it('a collection that the entity does not have', async () => {
    await refused(MercureResource({ entity: Account, collection: true })).toMatchObject({
      message: expect.stringMatching(/XController\.read.* no topic of all rows.*"collection"/) as string,
    });
  });

  it('a template that is none', async () => {
    await refused(MercureResource({ topic: '/x/{y' })).toMatchObject({
      message: expect.stringMatching(/XController\.read.*"\/x\/\{y" has a brace/) as string,
    });
  });

  it('options nobody knows, and a collection of nothing, when the class is made', () => {
    const on = (options: object) => () => MercureResource(options)(class X {}.prototype, 'read', {});
    expect(on({ entities: Account })).toThrow('@MercureResource on X.read: unknown option "entities"');
    expect(on({ entities: Account })).toThrow('Did you mean "entity"?');
    expect(on({ collection: true })).toThrow('X.read: option "collection" is of no entity');
  });

  it('nothing where broadcasting is off: then there is nothing to follow but the hub', async () => {
    const hub = await shop({ options: { broadcast: false } });
    const { status, headers } = await send(`${hub.origin}/articles/1`);
    expect(status).toBe(200);
    expect(Object.keys(linksOf(headers))).toEqual(['mercure']);
  });
});
