import {
  Controller,
  type ExceptionFilter,
  Get,
  Inject,
  type INestApplication,
  type MessageEvent,
  Module,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Observable } from 'rxjs';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { MercureModule, type MercureOptions, MercureService } from '../../src/index.js';
import { Page } from '../e2e/helpers/browser.js';
import { startProgram } from '../standalone/support/program.js';
import { eventsOf, send } from '../support/http-client.js';
import { readMarkdown, snippetsOf } from './markdown.js';
import { hasCurl, printed, publisherOf, ShellLine } from './shell.js';
import { SnippetFiles } from './snippet-files.js';

const ADDRESS = 'http://localhost:3000';
const KEY = 'a key of the documents, long enough for HS256';
const PATH = '/.well-known/mercure';

const snippets = (path: string, language: string) =>
  snippetsOf(readMarkdown(path))
    .filter((one) => one.language === language)
    .map(({ code }) => code);

interface Doors {
  open(id: string): Promise<string>;
  openBoth(): Promise<string[]>;
}
interface OtherHub {
  publish(hub: string, topic: string, data: string): Promise<string>;
}

describe('docs/service.md', () => {
  let files: SnippetFiles;

  beforeAll(async () => {
    files = await SnippetFiles.write(snippets('docs/service.md', 'ts'));
  });

  afterAll(() => files?.remove());

  async function start(
    options: MercureOptions,
    { providers = [], controllers = [] }: { providers?: Provider[]; controllers?: Type[] } = {},
  ): Promise<{ app: INestApplication; url: string; mercure: MercureService }> {
    const module = { imports: [MercureModule.forRoot(options)], providers, controllers };
    const app = (await Test.createTestingModule(module).compile()).createNestApplication({
      forceCloseConnections: true,
      logger: false,
    });
    onTestFinished(() => app.close());
    await app.listen(0);
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    return { app, url, mercure: app.get(MercureService) };
  }

  it('has no snippet that nothing runs', () => {
    const languages = snippetsOf(readMarkdown('docs/service.md')).map(({ language }) => language);
    expect(languages.filter((one) => !/^(?:ts|js|json|sh)$/.test(one))).toEqual([]);
  });

  it('compiles', { timeout: 120_000 }, () => {
    expect(files.complaints()).toEqual([]);
  });

  it('publishes', async () => {
    const DoorsService = await files.exported<Type<Doors>>('Doors');
    const { app, mercure } = await start({ anonymous: true }, { providers: [DoorsService] });
    const told: string[] = [];
    mercure.updates$.subscribe(({ topics, data }) => told.push(`${topics.join(' ')}: ${data}`));
    const id = await app.get(DoorsService).open('1');
    await expect.poll(() => mercure.lastEventId()).toBe(id);
    expect(await app.get(DoorsService).openBoth()).toHaveLength(2);
    expect(told).toEqual([
      'https://example.com/doors/1 https://example.com/doors: {"open":true}',
      'https://example.com/doors/1: open',
      'https://example.com/doors/2: open',
    ]);
  });

  it('follows what each stream says, a star as a topic', async () => {
    const { mercure } = await start({ anonymous: true });
    const streams =
      await files.exported<(mercure: MercureService) => Record<string, Observable<MessageEvent>>>('streams');
    const heard: Record<string, unknown[]> = {};
    await mercure.publish({ topic: 'https://example.com/earlier', data: 'earlier' });
    for (const [name, stream] of Object.entries(streams(mercure))) {
      heard[name] = [];
      stream.subscribe(({ data }) => heard[name]!.push(data));
    }
    for (const door of [1, 2, 3]) {
      const update = { topic: `https://example.com/doors/${door}`, data: `door ${door}` };
      await mercure.publish({ ...update, private: door === 2 });
    }
    await expect(mercure.publish({ topic: '*', data: 'star' })).rejects.toThrow('reserved');
    await expect.poll(() => heard['fromTheBeginning']).toHaveLength(3);
    expect(heard).toEqual({
      exact: ['door 1'],
      several: ['door 1'],
      pattern: ['door 1', 'door 3'],
      template: ['door 1', 'door 3'],
      everything: ['door 1', 'door 2', 'door 3'],
      fromTheBeginning: ['earlier', 'door 1', 'door 3'],
      star: [],
    });
  });

  it('tells a gap, and its listener reads again', async () => {
    const { url } = await start({ anonymous: true });
    const page = await Page.open(`${url}${PATH}?topic=*`, {
      types: ['mercure'],
      headers: { 'last-event-id': 'long gone' },
    });
    onTestFinished(() => page.close());
    await page.until(() => page.heard.length > 0, 'the gap');
    const { type, data } = page.heard[0]!;
    const { requested, ...gap } = JSON.parse(data) as Record<string, string>;
    expect([type, requested, gap['reason']]).toEqual(['mercure', 'long gone', 'unknown']);
    const [, shown] = /`(\{"type":"gap".*?\})`/.exec(readMarkdown('docs/service.md'))!;
    expect(Object.keys(JSON.parse(shown!) as object)).toEqual(Object.keys(JSON.parse(data) as object));

    let reads = 0;
    const stream = {
      addEventListener: (name: string, listen: (event: { data: string }) => void) => {
        expect(name).toBe('mercure');
        listen({ data });
      },
    };
    const [script] = snippets('docs/service.md', 'js');
    // The snippet is a script of a page: a function of what pages have.
    // oxlint-disable-next-line typescript/no-implied-eval
    (new Function('stream', 'readAgain', script!) as (...globals: unknown[]) => void)(stream, () => reads++);
    expect(reads).toBe(1);
  });

  it('tells where to follow from', async () => {
    const DoorReader = await files.exported<Type>('DoorReader');
    const options = { anonymous: true, publicUrl: ADDRESS };
    const { url, mercure } = await start(options, { controllers: [DoorReader] });
    const id = await mercure.publish({ topic: 'https://example.com/doors/1' });
    const { headers } = await send(`${url}/doors/1`);
    expect(headers['link']).toBe(`<${ADDRESS}${PATH}>; rel="mercure"; last-event-id="${id}"`);
  });

  it('shows what a token of each generation contains', async () => {
    const { mercure } = await start({
      publicUrl: ADDRESS,
      publisher: { key: KEY },
      subscriber: { key: KEY },
    });
    const shown = snippets('docs/service.md', 'json')
      .filter((code) => code.includes('"iat"'))
      .map((code) => JSON.parse(code) as object);
    const request = { publish: ['*'], subscribe: ['https://example.com/doors/1'] };
    const tokens = [
      await mercure.createToken(request),
      await mercure.createToken({ ...request, generation: '0.x' }),
    ];
    const anyOf = (claims: object) => ({
      ...claims,
      iat: 0,
      exp: 0,
      ...('jti' in claims && { jti: 'a UUID' }),
    });
    expect(tokens.map((token) => anyOf(decodeJwt(token)))).toEqual(shown.map(anyOf));
    expect(tokens.map((token) => decodeProtectedHeader(token).typ)).toEqual(['at+jwt', 'JWT']);
    for (const token of tokens) {
      const { iat, exp } = decodeJwt(token);
      expect(exp! - iat!).toBe(3600);
    }
  });

  it('sets a cookie for HTTPS, where publicUrl does not say otherwise', async () => {
    const keys = { subscriber: { key: KEY } };
    const cookieOf = async (options: MercureOptions) => {
      const { mercure } = await start({ ...keys, ...options });
      const set: string[] = [];
      const response = { appendHeader: (_: string, value: string) => set.push(value) };
      await mercure.authorize(response, { subscribe: ['https://example.com/doors/1'] });
      return set.join();
    };
    expect(await cookieOf({ publicUrl: ADDRESS })).toMatch(/; Secure;/);
    expect(await cookieOf({ publicUrl: 'http://example.com', cookieName: 'mercure' })).not.toMatch(/Secure/);
  });

  it('publishes to another hub with the same key, and with a 1.0 token as it says', async () => {
    const Client = await files.exported<Type<OtherHub>>('OtherHub');
    const there = startProgram({
      PORT: '0',
      MERCURE_ANONYMOUS: '1',
      MERCURE_PUBLISHER_JWT_KEY: KEY,
      MERCURE_TRUSTED_ISSUERS: 'https://app.example.com',
    });
    onTestFinished(async () => {
      there.kill('SIGKILL');
      await there.exit();
    });
    const hub = await there.url();
    const here = await start(
      {
        anonymous: true,
        publicUrl: 'https://app.example.com',
        resourceIdentifier: hub,
        publisher: { key: KEY },
      },
      { providers: [Client] },
    );
    const page = await Page.open(`${hub}?topic=*`);
    onTestFinished(() => page.close());
    const id = await here.app.get(Client).publish(hub, 'https://example.com/doors/1', 'open');
    const [event] = await page.hears('open');
    expect(event!.id).toBe(id);
    const token = await here.mercure.createToken({ publish: ['*'] });
    const answer = await send(hub, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'topic=a&data=b',
    });
    expect(answer.status).toBe(200);
  });

  it('answers with the status of an error where the filter is, and 500 where it is not', async () => {
    const Filter = await files.exported<Type<ExceptionFilter>>('MercureErrorFilter');
    @Controller('nothing')
    class NothingController {
      constructor(@Inject(MercureService) private readonly mercure: MercureService) {}

      @Get()
      publish(): Promise<string> {
        return this.mercure.publish({ topic: [] });
      }
    }
    const controllers = [NothingController];
    const without = await start({ anonymous: true }, { controllers });
    expect((await send(`${without.url}/nothing`)).status).toBe(500);
    const { url } = await start(
      { anonymous: true },
      { controllers, providers: [{ provide: APP_FILTER, useClass: Filter }] },
    );
    expect((await send(`${url}/nothing`)).status).toBe(400);
  });

  it('has settings of Jest whose compiler options the compiler knows', () => {
    const [code] = snippets('docs/service.md', 'json').filter((one) => one.includes('ts-jest'));
    const { transform } = JSON.parse(code!) as { transform: Record<string, [string, { tsconfig: object }]> };
    const [[pattern, [, { tsconfig }]]] = Object.entries(transform) as [
      [string, [string, { tsconfig: object }]],
    ];
    expect('a/b.spec.ts').toMatch(new RegExp(pattern));
    expect(ts.convertCompilerOptionsFromJson(tsconfig, '.').errors).toEqual([]);
  });

  it('records what an application tells in its tests', async () => {
    const startRecorded = await files.exported<(module: Type) => Promise<INestApplication>>('startRecorded');
    const toldOf =
      await files.exported<(app: INestApplication, topic: string) => Promise<unknown[]>>('toldOf');
    const Doors = await files.exported<Type<{ open(id: string): Promise<string> }>>('Doors');
    @Module({ imports: [MercureModule.forRoot({ anonymous: true })], providers: [Doors] })
    class AppModule {}
    const app = await startRecorded(AppModule);
    onTestFinished(() => app.close());
    await app.get(Doors).open('1');
    expect(await toldOf(app, 'https://example.com/doors/1')).toEqual([{ open: true }]);
    expect(await toldOf(app, 'https://example.com/doors/2')).toEqual([]);
  });

  it.skipIf(!hasCurl)('shows by curl why a stream is refused', async () => {
    const { url } = await start({ anonymous: true });
    const [line] = snippets('docs/service.md', 'sh');
    const answer = await printed(`${line!.replaceAll(ADDRESS, url)} --silent`);
    expect(answer).toContain('400 Bad Request');
    const [reason, remedy] = answer.split('\r\n\r\n')[1]!.split('\n');
    expect(reason).toContain('match');
    expect(remedy).toContain('"topic"');
  });
});

describe('docs/options.md', () => {
  it('makes the options by a factory', { timeout: 120_000 }, async () => {
    process.env['PUBLIC_URL'] = 'https://made.example';
    onTestFinished(() => void delete process.env['PUBLIC_URL']);
    const files = await SnippetFiles.write(snippets('docs/options.md', 'ts'));
    onTestFinished(() => files.remove());
    expect(files.complaints()).toEqual([]);
    const AppModule = await files.exported<Type>('AppModule');
    const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    onTestFinished(() => app.close());
    await app.init();
    const links: string[] = [];
    app.get(MercureService).discover({ appendHeader: (_: string, value: string) => links.push(value) });
    expect(links).toEqual([`<https://made.example${PATH}>; rel="mercure"`]);
  });
});

if (!hasCurl) console.warn('SKIPPED: the curl commands of docs/standalone.md, no curl was found.');

describe.skipIf(!hasCurl)('docs/standalone.md', () => {
  it('leads to a first publication', { timeout: 120_000 }, async () => {
    const [, section] = /^## First publication\n(.*?)^## /ms.exec(readMarkdown('docs/standalone.md'))!;
    const lines = snippetsOf(section!).map(({ code }) => code);
    const { KEY: key, TOKEN } = await publisherOf(lines);
    const start = lines.find((line) => line.endsWith(' npx nestjs-mercure'))!;
    const environment = await printed(start.replace('npx nestjs-mercure', 'printenv | grep ^MERCURE_'), {
      KEY: key,
    });
    const hub = startProgram({
      PORT: '0',
      ...Object.fromEntries(environment.split('\n').map((line) => line.split('=') as [string, string])),
    });
    onTestFinished(async () => {
      hub.kill('SIGKILL');
      await hub.exit();
    });
    const origin = new URL(await hub.url()).origin;
    const [follow, publication] = lines
      .filter((line) => line.startsWith('curl'))
      .map((line) => `${line.replaceAll(ADDRESS, origin)} --silent --show-error`);
    const follower = new ShellLine(follow!);
    onTestFinished(() => follower.kill());
    await follower.output.waitFor(':');
    const id = await printed(`${publication} --fail`, { TOKEN });
    await follower.output.waitFor((text) => eventsOf(text).length === 1);
    expect(eventsOf(follower.output.text)).toMatchObject([{ id, data: 'open' }]);
  });
});
