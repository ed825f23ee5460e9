import type { INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventSource } from 'eventsource';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  MercureModule,
  type MercureOptions,
  type MercureResourceOptions,
  MercureService,
} from '../../src/index.js';
import { Page } from '../e2e/helpers/browser.js';
import { send } from '../support/http-client.js';
import { Libsql } from '../support/libsql.js';
import { linksOf } from '../support/link-fields.js';
import { readMarkdown, snippetsOf, tableRows } from './markdown.js';
import { SnippetFiles } from './snippet-files.js';

const ADDRESS = 'http://localhost:3000';
const PATH = '/.well-known/mercure';
const DOCUMENT = readMarkdown('docs/resources.md');
const codeIn = (language: string) =>
  snippetsOf(DOCUMENT).flatMap((one) => (one.language === language ? one.code : []));

/** All of them: the compiler knows. */
const OPTIONS = {
  entity: true,
  collection: true,
  topic: true,
  contentType: true,
  type: true,
} satisfies Record<keyof MercureResourceOptions, true>;

describe('docs/resources.md', () => {
  let files: SnippetFiles;

  beforeAll(async () => {
    files = await SnippetFiles.write(codeIn('ts'));
  });
  afterAll(() => files?.remove());

  async function start(entityName: string, controllerName: string, options: MercureOptions) {
    const entity = await files.exported<Type>(entityName);
    const controller = await files.exported<Type>(controllerName);
    const database = TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      driver: Libsql,
      database: ':memory:',
      entities: [entity],
      synchronize: true,
    });
    const hub = MercureModule.forRoot({ publicUrl: ADDRESS, ...options });
    const module = await Test.createTestingModule({
      imports: [database, hub],
      controllers: [controller],
    }).compile();
    const app: INestApplication = module.createNestApplication({
      forceCloseConnections: true,
      logger: false,
    });
    onTestFinished(() => app.close());
    await app.listen(0);
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    return { url, entity, mercure: app.get(MercureService), manager: app.get(DataSource).manager };
  }

  it('compiles', { timeout: 120_000 }, () => {
    expect(files.complaints()).toEqual([]);
  });

  it('shows the fields of an answer', async () => {
    const { url, entity, manager } = await start('Book', 'BooksController', { anonymous: true });
    await manager.save(entity, { title: 'Dune' });
    const shown = codeIn('text')[0]!.replaceAll('Link: ', '').split('\n').join(', ');
    const { headers } = await send(`${url}/books/1`);
    const link = [headers['link']].flat().join(', ');
    expect(link.replace(/(last-event-id=)"[^"]+"/, '$1"…"')).toBe(shown);
  });

  it('tells the topic of all rows, and one of the handler’s own; none of what is not there', async () => {
    const { url } = await start('Book', 'BooksController', { anonymous: true });
    const told = async (path: string) => linksOf((await send(url + path)).headers);
    expect(await told('/books')).toMatchObject({
      mercure: { 'last-event-id': 'earliest' },
      self: { target: `${ADDRESS}/books` },
    });
    expect(await told('/books/1/sales')).toMatchObject({
      mercure: { type: 'sale', 'content-type': 'text/plain' },
      self: { target: `${ADDRESS}/books/1/sales` },
    });
    expect(await told('/books/1')).not.toHaveProperty('self');
  });

  it('a page misses nothing between its read and its stream', async () => {
    const { url, entity, manager, mercure } = await start('Book', 'BooksController', { anonymous: true });
    await manager.save(entity, { title: 'Dune' });
    const streams: EventSource[] = [];
    onTestFinished(() => streams.forEach((stream) => stream.close()));
    class PageEventSource extends EventSource {
      constructor(address: string) {
        super(address.replace(ADDRESS, url));
        streams.push(this);
      }
    }
    /** The row changes, and that is told, before the page opens its stream. */
    const readThenWritten = async (path: string) => {
      const answer = await fetch(url + path);
      const before = mercure.lastEventId();
      await manager.save(entity, { id: 1, title: 'Dune Messiah' });
      await expect.poll(() => mercure.lastEventId(), { timeout: 60_000 }).not.toBe(before);
      return answer;
    };
    const shown: unknown[] = [];
    type Follow = (path: string, show: (book: unknown) => void) => Promise<EventSource>;
    // The snippet is a script of a page: a function of what pages have.
    // oxlint-disable-next-line typescript/no-implied-eval
    const page = new Function('fetch', 'EventSource', `${codeIn('js')[0]}; return follow;`) as (
      ...globals: unknown[]
    ) => Follow;
    const follow = page(readThenWritten, PageEventSource);
    await follow('/books/1', (book) => shown.push(book));
    const titles = () => shown.map((book) => (book as { title: string }).title);
    await expect.poll(titles, { timeout: 60_000 }).toEqual(['Dune', 'Dune Messiah']);
  });

  it('a private resource grants its topic, and the cookie of the answer opens it', async () => {
    const { url, entity, manager } = await start('Invoice', 'InvoicesController', {
      subscriber: { key: 'a key of the documents, long enough for HS256' },
    });
    await manager.save(entity, { total: 1 });
    const { headers } = await send(`${url}/invoices/1`);
    const { mercure, self } = linksOf(headers);
    const query = new URLSearchParams({ topic: self!.target, lastEventID: mercure!['last-event-id']! });
    const [cookie] = headers['set-cookie']![0]!.split(';');
    const page = await Page.open(`${url}${PATH}?${query.toString()}`, { headers: { cookie: cookie! } });
    onTestFinished(() => page.close());
    await manager.save(entity, { id: 1, total: 2 });
    await page.until(() => page.data.includes('{"id":1,"total":2}'), 'the invoice as it is now');
  });

  it('names every option, and no other', () => {
    const named = tableRows(DOCUMENT).flatMap(([name]) => /^`(\w+)`$/.exec(name!)?.[1] ?? []);
    expect(named.toSorted()).toEqual(Object.keys(OPTIONS).toSorted());
  });
});
