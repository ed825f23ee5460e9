import type { INestApplication } from '@nestjs/common';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { EventSource } from 'eventsource';
import { Window } from 'happy-dom';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { MercureService } from '../../src/index.js';
import { Hub } from '../../src/hub/hub.js';
import { Page } from '../e2e/helpers/browser.js';
import { readMarkdown, ROOT, snippetsOf } from '../readme/markdown.js';
import { hasCurl, ShellLine } from '../readme/shell.js';
import { unhung } from '../support/byte-log.js';
import { eventually } from '../support/eventually.js';
import { dataOf, eventsOf, open, send } from '../support/http-client.js';
import { legacyToken } from '../support/tokens.js';

const RECIPES = readMarkdown('docs/recipes.md');
const COMMANDS = snippetsOf(RECIPES).map(({ code }) => code);
const EXAMPLE = 'examples/streams';
/** What the recipes call the application's address. */
const ADDRESS = 'http://localhost:3000';

let app: INestApplication;
let url: string;
let service: MercureService;
let hub: Hub;
/** What `main.ts` prints for the reader to copy. */
let printed: Record<string, string>;

beforeAll(async () => {
  vi.stubEnv('PORT', '0');
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  ({ app } = await import('../../examples/streams/src/main.js'));
  const text = log.mock.calls.flat().join('\n');
  log.mockRestore();
  printed = Object.fromEntries(
    [...text.matchAll(/export (\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]),
  );
  url = /http:\S+/.exec(text)![0];
  service = app.get(MercureService, { strict: false });
  hub = app.get(Hub, { strict: false });
});

afterAll(async () => {
  await app?.close();
  vi.unstubAllEnvs();
});

/** The command of the recipes that begins like this, for the application of this test. */
function commandOf(beginning: string): string {
  const command = COMMANDS.find((one) => one.startsWith(beginning));
  expect(command, beginning).toBeDefined();
  const quiet = beginning.startsWith('curl') ? ' --silent --show-error' : '';
  return command!.replaceAll(ADDRESS, url) + quiet;
}

function run(beginning: string): ShellLine {
  const line = new ShellLine(commandOf(beginning), {
    ...printed,
    APP_URL: url,
    HUB_URL: `${url}/.well-known/mercure`,
  });
  onTestFinished(() => line.kill());
  return line;
}

describe('docs/recipes.md', () => {
  it('leads to every file of the example, and to nothing that is not there', () => {
    const links = [...RECIPES.matchAll(/\]\(\.\.\/([^)#]+)\)/g)].map(([, target]) => target!);
    expect(links.filter((target) => !existsSync(ROOT + target))).toEqual([]);
    const files = ['src', 'page', 'clients'].flatMap((folder) =>
      readdirSync(`${ROOT}${EXAMPLE}/${folder}`).map((file) => `${EXAMPLE}/${folder}/${file}`),
    );
    expect(files.filter((file) => !links.includes(file))).toEqual([]);
  });

  it('starts what this test has started, once it is built', () => {
    expect(COMMANDS[0]).toBe(
      'npm run build && npx tsc -p examples/streams && node examples/streams/dist/main.js',
    );
    const { compilerOptions } = JSON.parse(
      readFileSync(`${ROOT}${EXAMPLE}/tsconfig.json`, 'utf8').replace(/^\s*\/\/.*$/gm, ''),
    ) as { compilerOptions: { rootDir: string; outDir: string } };
    expect(compilerOptions).toMatchObject({ rootDir: './src', outDir: './dist' });
  });

  it('has no command that nothing runs', () => {
    const run = ['npm run build', 'curl -N ', 'node examples/streams/clients/', 'curl -d '];
    expect(COMMANDS.filter((command) => !run.some((beginning) => command.startsWith(beginning)))).toEqual([]);
    expect(COMMANDS).toHaveLength(7);
  });
});

if (!hasCurl) console.warn('SKIPPED: the curl commands of the recipes, no curl was found.');

describe.skipIf(!hasCurl)('curl -N', () => {
  it('prints the frames of a topic as they come', async () => {
    const curl = run("curl -N '");
    await curl.output.waitFor(':\n');
    for (const data of ['first', 'second\nof two lines']) {
      await service.publish({ topic: 'news', data });
      await curl.output.waitFor((text) => dataOf(text).includes(data));
    }
    expect(dataOf(curl.output.text)).toEqual(['first', 'second\nof two lines']);
  });

  it('prints the items of a node', async () => {
    await eventually('nobody listens', () => hub.connections === 0);
    const curl = run('curl -N http');
    await eventually('the node has a listener', () => hub.connections === 1);
    await service.publish({ topic: 'news', data: 'an item', id: 'item' });
    expect(eventsOf(await curl.output.waitFor('an item\n\n'))).toMatchObject([
      { id: 'item', data: 'an item' },
    ]);
  });
});

describe('EventSource in a page', () => {
  it('shows what is published, and what a stream is up to', async () => {
    const window = new Window({ url });
    onTestFinished(() => window.happyDOM.close());
    const { document } = window;
    const html = readFileSync(`${ROOT}${EXAMPLE}/page/index.html`, 'utf8');
    document.write(html.replace(/<script.*<\/script>/, ''));
    const sources: EventSource[] = [];
    /** The browser's, which takes a path: that of the page's own address. */
    class PageEventSource extends EventSource {
      constructor(path: string) {
        super(new URL(path, url));
        sources.push(this);
      }
    }
    onTestFinished(() => sources.forEach((source) => source.close()));
    const script = await (await fetch(`${url}/news.js`)).text();
    // The example is a script of a page: a function of what pages have.
    // oxlint-disable-next-line typescript/no-implied-eval
    (new Function('document', 'EventSource', script) as (...globals: unknown[]) => void)(
      document,
      PageEventSource,
    );

    const textOf = (id: string) => document.getElementById(id)!.textContent;
    expect(textOf('state')).toBe('connecting');
    await eventually('the page is live', () => textOf('state') === 'live');
    await service.publish({ topic: 'news', data: '<b>one</b>' });
    await service.publish({ topic: 'news', data: 'two' });
    const items = () => [...document.querySelectorAll('#news li')].map(({ textContent }) => textContent);
    await eventually('both are shown', () => items().length === 2);
    expect(items()).toEqual(['two', '<b>one</b>']);

    sources[0]!.dispatchEvent(new Event('mercure'));
    expect(items()).toEqual([]);
    sources[0]!.close();
    sources[0]!.dispatchEvent(new Event('error'));
    expect(textOf('state')).toBe('closed');
  });

  it('is served', async () => {
    for (const [path, part] of [
      ['/', 'src="news.js"'],
      ['/react.html', './news-list.js'],
      ['/news-list.js', 'export function useUpdates'],
    ] as const) {
      const { status, text } = await send(url + path);
      expect([path, status, text.includes(part)]).toEqual([path, 200, true]);
    }
  });
});

describe('Publishing from Node', () => {
  it.each(['fetch', 'http'])('with %s: is heard, and prints the id', async (client) => {
    const page = await Page.open(`${url}/.well-known/mercure?match=news`);
    onTestFinished(() => page.close());
    const text = (await run(`node examples/streams/clients/publish-with-${client}.js`).ended()).trim();
    await page.until(() => page.heard.length === 1, 'the publication');
    expect(page.heard).toEqual([
      { type: 'message', id: text, data: expect.stringMatching(/^Hello from /) as string },
    ]);
  });

  it.each(['fetch', 'http'])('with %s: says why, when it is refused', async (client) => {
    const TOKEN = await legacyToken(
      { publish: ['*'] },
      { key: 'a key that the application knows nothing of' },
    );
    const command = `${commandOf(`node examples/streams/clients/publish-with-${client}.js`)} 2>&1`;
    const line = new ShellLine(command, { TOKEN, HUB_URL: `${url}/.well-known/mercure` });
    expect(await line.ended()).toContain('Error: 401 ');
  });

  it.each(['fetch', 'http'])('with %s: sends any text as it is', async (client) => {
    const data = 'a=b&c é 漢 😀\n%2B+';
    const heard = new Promise((resolve) => {
      const subscription = service.updates$.subscribe((update) => resolve(update));
      onTestFinished(() => subscription.unsubscribe());
    });
    const line = new ShellLine(`node ${EXAMPLE}/clients/publish-with-${client}.js news "$DATA"`, {
      ...printed,
      HUB_URL: `${url}/.well-known/mercure`,
      DATA: data,
    });
    await line.ended();
    expect(await unhung(heard, 'the update')).toMatchObject({ topics: ['news'], data });
  });
});

describe('GET /eventsource/:node', () => {
  it('gives an unnamed event for each item of the node, with its id, and its lines', async () => {
    const stream = await open(`${url}/eventsource/princely%20musings`);
    onTestFinished(() => stream.abort());
    expect(stream.status).toBe(200);
    expect(stream.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(stream.headers['access-control-allow-origin']).toBe('*');
    const items = [
      { id: 'plain', data: 'To be' },
      { id: 'lines', data: '<entry>\n  <title>\n\n</title>\r\n</entry>\r\ttail\n' },
      { id: 'named', data: 'with a type', type: 'headline' },
      { id: 'é 漢', data: { object: true } },
      { id: 'empty', data: '' },
    ];
    for (const item of items) await service.publish({ topic: 'princely musings', ...item });
    await service.publish({ topic: 'another node', data: 'not for it' });
    await service.publish({ topic: 'princely musings', id: 'secret', data: 'private', private: true });
    await service.publish({ topic: 'princely musings', id: 'last', data: 'last' });
    expect(eventsOf(await stream.body.waitFor('last\n\n'))).toEqual([
      { event: undefined, id: 'plain', data: 'To be' },
      { event: undefined, id: 'lines', data: '<entry>\n  <title>\n\n</title>\n</entry>\n\ttail\n' },
      { event: undefined, id: 'named', data: 'with a type' },
      { event: undefined, id: 'é 漢', data: '{"object":true}' },
      { event: undefined, id: 'empty', data: '' },
      { event: undefined, id: 'last', data: 'last' },
    ]);
  });

  it('goes on where a browser was', async () => {
    for (const id of ['1', '2', '3']) await service.publish({ topic: 'log', id, data: `line ${id}` });
    const back = await open(`${url}/eventsource/log`, { headers: { 'Last-Event-ID': '1' } });
    onTestFinished(() => back.abort());
    expect(dataOf(await back.body.waitFor('line 3\n\n'))).toEqual(['line 2', 'line 3']);
    const since = await open(`${url}/eventsource/log?last_event_id=2`);
    onTestFinished(() => since.abort());
    expect(dataOf(await since.body.waitFor('line 3\n\n'))).toEqual(['line 3']);
  });

  it('tells a listener that some items are gone, and not as an item', async () => {
    const page = await Page.open(`${url}/eventsource/log?last_event_id=never-was`, { types: ['mercure'] });
    onTestFinished(() => page.close());
    await page.until(() => page.heard.length === 1, 'word of the gap');
    expect(page.heard[0]).toMatchObject({ type: 'mercure' });
    expect(page.messages).toEqual([]);
  });
});

describe('An encrypted update', () => {
  it('is printed by the client that has the key, and nothing on its way can read it', async () => {
    const onItsWay = await open(`${url}/.well-known/mercure`, { query: { match: 'reports' } });
    onTestFinished(() => onItsWay.abort());
    const client = run('node examples/streams/clients/decrypt.js');
    await client.output.waitFor('live\n');
    if (hasCurl) await run('curl -d ').ended();
    else await send(`${url}/reports`, { method: 'POST', headers: FORM, body: 'title=Results' });
    expect(await client.output.waitFor('}\n')).toBe('live\n{"title":"Results"}\n');
    const [jwe] = dataOf(await onItsWay.body.waitFor('\n\n'));
    expect(jwe!.split('.')).toHaveLength(5);
    expect(JSON.parse(Buffer.from(jwe!.split('.')[0]!, 'base64url').toString())).toMatchObject({
      alg: 'ECDH-ES+A256KW',
      enc: 'A256GCM',
    });
  });

  it('survives one that is for others, and says so', async () => {
    const line = new ShellLine(`${commandOf('node examples/streams/clients/decrypt.js')} 2>&1`, {
      ...printed,
      APP_URL: url,
    });
    onTestFinished(() => line.kill());
    await line.output.waitFor('live\n');
    await service.publish({ topic: 'reports', data: 'not encrypted' });
    await line.output.waitFor('Not for us: ');
    await send(`${url}/reports`, { method: 'POST', headers: FORM, body: 'title=Next' });
    await line.output.waitFor('{"title":"Next"}\n');
  });

  it('has its key for readers alone', async () => {
    const link = (await send(`${url}/reports`)).headers['link'];
    expect(link).toBe('</.well-known/mercure>; rel="mercure"; key-set="/reports/keys"');
    expect((await send(`${url}/reports/keys`)).status).toBe(401);
    const line = new ShellLine('node examples/streams/clients/decrypt.js 2>&1', {
      APP_URL: url,
      READERS_SECRET: 'no',
    });
    expect(await line.ended()).toContain('These reports are for others');
  });
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
