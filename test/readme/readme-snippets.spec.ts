import type { INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { MercureModule } from '../../src/index.js';
import { Page, type PageSettings } from '../e2e/helpers/browser.js';
import { startBooks, temporaryFolder } from '../examples/support/books-example.js';
import { eventsOf, send } from '../support/http-client.js';
import { readMarkdown, ROOT, snippetsOf } from './markdown.js';
import { hasCurl, printed, publisherOf, ShellLine } from './shell.js';
import { SnippetFiles } from './snippet-files.js';

const README = readMarkdown('README.md');
const SNIPPETS = snippetsOf(README);
const codeIn = (language: string) =>
  SNIPPETS.filter((one) => one.language === language).map(({ code }) => code);

/** What the README calls the application's address. */
const ADDRESS = 'http://localhost:3000';
const KEY = 'a key of the README, long enough for HS256';

describe('README.md', () => {
  it('has no snippet that nothing runs', () => {
    expect(
      SNIPPETS.map(({ language }) => language).filter((one) => !/^(?:ts|js|sh|text)$/.test(one)),
    ).toEqual([]);
  });
});

describe("The README's TypeScript", () => {
  let files: SnippetFiles;

  beforeAll(async () => {
    files = await SnippetFiles.write(codeIn('ts'));
  });

  afterAll(() => files?.remove());

  async function start(module: Parameters<typeof Test.createTestingModule>[0]): Promise<INestApplication> {
    const application = (await Test.createTestingModule(module).compile()).createNestApplication({
      forceCloseConnections: true,
      logger: false,
    });
    onTestFinished(() => application.close());
    await application.listen(0);
    return application;
  }

  async function addressOf(application: INestApplication): Promise<string> {
    return (await application.getUrl()).replace('[::1]', 'localhost');
  }

  /** An application of one controller of the README, beside an open hub. */
  async function startController(name: string): Promise<string> {
    const controller = await files.exported<Type>(name);
    return addressOf(
      await start({ imports: [MercureModule.forRoot({ anonymous: true })], controllers: [controller] }),
    );
  }

  async function visit(url: string, settings?: PageSettings): Promise<Page> {
    const page = await Page.open(url, settings);
    onTestFinished(() => page.close());
    return page;
  }

  it('compiles', { timeout: 120_000 }, () => {
    expect(files.complaints()).toEqual([]);
  });

  it('quick start: a page hears of a book that was added', async () => {
    const url = await addressOf(await start({ imports: [await files.exported<Type>('AppModule')] }));
    const printed: unknown[] = [];
    const streams: EventSource[] = [];
    /** The browser's, which takes a path: that of the page's own address. */
    class PageEventSource extends EventSource {
      constructor(path: string) {
        super(url + path);
        streams.push(this);
      }
    }
    onTestFinished(() => streams.forEach((stream) => stream.close()));
    const heard = new Promise<void>((resolve) => {
      const console = { log: (data: unknown) => resolve(void printed.push(data)) };
      const [script] = codeIn('js');
      // The snippet is a script of a page: a function of what pages have.
      // oxlint-disable-next-line typescript/no-implied-eval
      (new Function('EventSource', 'console', script!) as (...globals: unknown[]) => void)(
        PageEventSource,
        console,
      );
    });
    await new Promise((resolve) => streams[0]!.addEventListener('open', resolve, { once: true }));
    const added = await send(`${url}/books`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"title":"Dune"}',
    });
    expect(added.status).toBe(201);
    await heard;
    expect(printed).toEqual([{ id: 1, title: 'Dune' }]);
    expect(README).toContain(JSON.stringify(printed[0]));
  });

  it('publishes by hand', async () => {
    const url = await startController('DoorsController');
    const page = await visit(`${url}/.well-known/mercure?topic=https://example.com/doors/1`);
    expect((await send(`${url}/doors/1/bell`, { method: 'POST' })).status).toBe(204);
    await page.hears('{"ringing":true}');
  });

  it('serves a stream of your own, which resumes', async () => {
    const controllers = [
      await files.exported<Type>('EventSourceController'),
      await files.exported<Type>('DoorsController'),
    ];
    const url = await addressOf(
      await start({ imports: [MercureModule.forRoot({ anonymous: true })], controllers }),
    );
    const stream = `${url}/eventsource/${encodeURIComponent('https://example.com/doors/1')}`;
    const page = await visit(stream);
    await send(`${url}/doors/1/bell`, { method: 'POST' });
    const [first] = await page.hears('{"ringing":true}');
    await send(`${url}/doors/1/bell`, { method: 'POST' });
    const back = await visit(stream, { headers: { 'last-event-id': first!.id } });
    await back.hears('{"ringing":true}');
    expect(back.heard).toHaveLength(1);
    expect(back.heard[0]!.id).not.toBe(first!.id);
  });

  it('brings private updates to whoever was authorized, and to nobody else', async () => {
    process.env['MERCURE_PUBLISHER_JWT_KEY'] = KEY;
    process.env['MERCURE_SUBSCRIBER_JWT_KEY'] = KEY;
    onTestFinished(() => {
      delete process.env['MERCURE_PUBLISHER_JWT_KEY'];
      delete process.env['MERCURE_SUBSCRIBER_JWT_KEY'];
    });
    const url = await addressOf(
      await start({
        imports: [await files.exported<Type>('HubModule')],
        controllers: [await files.exported<Type>('UsersController')],
      }),
    );
    const cookieOf = async (id: number) => {
      const { headers } = await send(`${url}/users/${id}/session`, { method: 'POST' });
      return headers['set-cookie']![0]!.split(';', 1)[0]!;
    };
    const hub = `${url}/.well-known/mercure?topic=*`;
    expect((await send(hub)).status).toBe(401);
    const page = await visit(hub, { headers: { cookie: await cookieOf(7) } });
    const other = await visit(hub, { headers: { cookie: await cookieOf(8) } });
    await send(`${url}/users/7/greeting`, { method: 'POST' });
    await page.hears('Hello');
    // Updates come in their order: had the first been for both, it would be here before the second.
    await send(`${url}/users/8/greeting`, { method: 'POST' });
    await other.hears('Hello');
    expect(other.heard).toHaveLength(1);
    expect(page.heard).toHaveLength(1);
  });
});

describe("The README's npm commands", () => {
  const { scripts } = JSON.parse(readMarkdown('package.json')) as { scripts: Record<string, string> };
  const commands = codeIn('sh').filter((code) => code.startsWith('npm'));
  const [start, test, install] = commands;

  it('are the two it promises, and the one of the quick start', () => {
    expect([start, test]).toEqual(['npm ci && npm start', 'npm ci && npm test']);
    expect(commands).toHaveLength(3);
  });

  it('install what the quick start imports, beside what every new project has', () => {
    const [, packages] = /^npm i (.+)$/.exec(install!)!;
    const imported = [...codeIn('ts')[0]!.matchAll(/ from '([^']+)'/g)].map(([, name]) => name!);
    expect([...packages!.split(' '), '@nestjs/common'].toSorted()).toEqual(imported.toSorted());
  });

  it('start builds first, then runs the example; test runs the tests', () => {
    expect(scripts['prestart']).toContain('npm run build');
    expect(scripts['prestart']).toContain('tsc -p examples/books');
    expect(scripts['start']).toBe('node examples/books/dist/main.js');
    expect(existsSync(join(ROOT, 'examples/books/src/main.ts'))).toBe(true);
    expect(scripts['test']).toContain('vitest run');
  });
});

if (!hasCurl) console.warn("SKIPPED: the README's curl commands, no curl was found.");

describe.skipIf(!hasCurl)("The README's curl commands", () => {
  it('add a book and publish, and the follower prints the frames', async () => {
    const folder = await temporaryFolder();
    onTestFinished(folder.remove);
    const { KEY: key, TOKEN } = await publisherOf(codeIn('sh'));
    const start = codeIn('sh').find((code) => code.endsWith(' npm start') && code.startsWith('MERCURE_'))!;
    const example = await startBooks({
      DATABASE: join(folder.path, 'books.db'),
      MERCURE_PUBLISHER_JWT_KEY: await printed(
        start.replace('npm start', 'printenv MERCURE_PUBLISHER_JWT_KEY'),
        {
          KEY: key,
        },
      ),
    });
    onTestFinished(async () => void (await example.end()));

    const [follow, ...writes] = codeIn('sh')
      .filter((code) => code.startsWith('curl'))
      .map((code) => `${code.replaceAll(ADDRESS, example.url)} --silent --show-error`);
    expect(follow).toContain('curl -N ');
    // A book of the example, one of the quick start, and what is published by hand.
    expect(writes).toHaveLength(3);

    const follower = new ShellLine(follow!);
    onTestFinished(() => follower.kill());
    await follower.output.waitFor(':');
    for (const line of writes) await new ShellLine(`${line} --fail`, { TOKEN }).ended();
    await follower.output.waitFor((text) => eventsOf(text).length === 3);
    expect(eventsOf(follower.output.text).map(({ data }) => data)).toEqual([
      '{"id":4,"title":"Dune","author":""}',
      '{"id":5,"title":"Dune","author":""}',
      'open',
    ]);
  });
});
