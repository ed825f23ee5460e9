import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Page } from '../e2e/helpers/browser.js';
import { form, open, publish, send } from '../support/http-client.js';
import { linksOf } from '../support/link-fields.js';
import { DEMO_TOKENS } from '../support/tokens.js';
import { type BooksExample, refusedBooks, startBooks, temporaryFolder } from './support/books-example.js';

interface Book {
  id: number;
  title: string;
  author: string;
}

type Change = Book & { '@id': string; deleted: boolean };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let example: BooksExample;

beforeAll(async () => {
  folder = await temporaryFolder();
  example = await startBooks({ DATABASE: join(folder.path, 'books.db') });
});

afterAll(async () => {
  await example?.end();
  await folder?.remove();
});

const json = { 'content-type': 'application/json' };
const url = (path: string | number) => `${example.url}/books/${path}`;
const bookOf = ({ text }: { text: string }) => JSON.parse(text) as Book;
const post = (book: unknown) =>
  send(`${example.url}/books`, { method: 'POST', headers: json, body: JSON.stringify(book) });
const patch = (id: number | string, changes: unknown) =>
  send(url(id), { method: 'PATCH', headers: json, body: JSON.stringify(changes) });
const batch = (books: unknown) =>
  send(url('batch'), { method: 'POST', headers: json, body: JSON.stringify(books) });
const remove = (id: number | string) => send(url(id), { method: 'DELETE' });
const allBooks = async () => JSON.parse((await send(`${example.url}/books`)).text) as Book[];

/** A page that follows the hub until the test is over. */
async function follow(
  hub = `${example.url}/.well-known/mercure`,
  topic = '*',
  cursor?: string,
): Promise<Page> {
  const page = await Page.open(`${hub}?topic=${topic}${cursor ? `&lastEventID=${cursor}` : ''}`);
  onTestFinished(() => page.close());
  return page;
}

/** Resolves with the changes a page heard, once one of them is like this. */
async function changesUntil(page: Page, wanted: Partial<Change>): Promise<Change[]> {
  const changes = () => page.data.map((data) => JSON.parse(data) as Change);
  const isWanted = (change: Change) =>
    Object.entries(wanted).every(([name, value]) => change[name as keyof Change] === value);
  await page.until(() => changes().some(isWanted), JSON.stringify(wanted));
  return changes();
}

describe('The API', () => {
  it('lists the seeded books', async () => {
    const { status, text } = await send(`${example.url}/books`);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toContainEqual({ id: 2, title: 'Solaris', author: 'Stanisław Lem' });
  });

  it('adds a book from JSON', async () => {
    const added = await post({ title: ' Dune ', author: 'Frank Herbert' });
    expect(added.status).toBe(201);
    expect(bookOf(added)).toEqual({
      id: expect.any(Number) as number,
      title: 'Dune',
      author: 'Frank Herbert',
    });
    expect(bookOf(await send(url(bookOf(added).id)))).toEqual(bookOf(added));
  });

  it('adds a book from a form, as curl -d sends it', async () => {
    const added = await send(`${example.url}/books`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form({ title: 'Ubik' }),
    });
    expect(added.status).toBe(201);
    expect(bookOf(added)).toMatchObject({ title: 'Ubik', author: '' });
  });

  it('changes what is said of a book and keeps the rest', async () => {
    const { id } = bookOf(await post({ title: 'Emma', author: 'Austen' }));
    const changed = await patch(id, { author: 'Jane Austen' });
    expect(changed.status).toBe(200);
    expect(bookOf(changed)).toEqual({ id, title: 'Emma', author: 'Jane Austen' });
    expect(bookOf(await send(url(id)))).toEqual({ id, title: 'Emma', author: 'Jane Austen' });
  });

  it('removes a book', async () => {
    const { id } = bookOf(await post({ title: 'Gone Girl' }));
    expect(await remove(id)).toMatchObject({ status: 204, text: '' });
    expect((await send(url(id))).status).toBe(404);
  });

  it.each([
    ['nothing', undefined],
    ['no title', { author: 'Somebody' }],
    ['an empty title', { title: '  ' }],
    ['a title that is no text', { title: 7 }],
    ['a title that is too long', { title: 'x'.repeat(201) }],
    ['a title SQLite would cut', { title: 'a\0b' }],
    ['an author that is no text', { title: 'A book', author: ['x'] }],
  ])('refuses to add %s', async (_, body) => {
    expect((await post(body)).status).toBe(400);
  });

  it('refuses to take the title away', async () => {
    expect((await patch(1, { title: '' })).status).toBe(400);
  });

  it.each(['999999', '0', '-1', 'emma', '1.5', '99999999999999999999'])('knows no book %s', async (id) => {
    expect((await send(url(id))).status).toBe(404);
    expect((await patch(id, { title: 'x' })).status).toBe(404);
    expect((await remove(id)).status).toBe(404);
  });

  it('tells where the hub is on every GET', async () => {
    const hub = `${example.url}/.well-known/mercure`;
    for (const path of ['/', '/books', '/books/1', '/books/999999']) {
      const { mercure } = linksOf((await send(example.url + path)).headers);
      expect(mercure?.target, path).toBe(hub);
    }
  });

  it('tells the topic of what it returns, and from which update on to follow it', async () => {
    const { id } = bookOf(await post({ title: 'Momo' }));
    for (const path of ['/books', `/books/${id}`]) {
      const { mercure, self } = linksOf((await send(example.url + path)).headers);
      expect(self?.target).toBe(example.url + path);
      const page = await follow(mercure!.target, self!.target, mercure!['last-event-id']);
      await patch(id, { author: path });
      expect(await changesUntil(page, { author: path }), 'and nothing from before').toMatchObject([
        { id, title: 'Momo', author: path },
      ]);
    }
    expect(linksOf((await send(url(999_999))).headers)).not.toHaveProperty('self');
  });

  it('serves the page', async () => {
    const { status, headers, text } = await send(`${example.url}/`);
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('text/html');
    expect(text).toContain('page.js');
  });
});

describe('The stream', () => {
  it('tells what is added, changed and removed, each as it is after the commit', async () => {
    const page = await follow();
    const { id } = bookOf(await post({ title: 'Beloved' }));
    await patch(id, { author: 'Toni Morrison' });
    await remove(id);
    expect(await changesUntil(page, { id, deleted: true })).toMatchObject([
      { id, title: 'Beloved', author: '' },
      { id, title: 'Beloved', author: 'Toni Morrison' },
      { '@id': url(id), id, deleted: true },
    ]);
  });

  it('tells a batch book by book', async () => {
    const page = await follow();
    const written = await batch([{ title: 'Part one' }, { title: 'Part two' }]);
    expect(written.status).toBe(201);
    const books = JSON.parse(written.text) as Book[];
    expect(await changesUntil(page, { title: 'Part two' })).toEqual(books);
  });

  it('says nothing of a batch that was rolled back, and the table holds nothing of it', async () => {
    const page = await follow();
    const before = await allBooks();
    const refused = await batch([{ title: 'Phantom' }, { title: 'Ghost' }, { author: 'Nobody' }]);
    expect(refused.status).toBe(400);
    expect(await allBooks()).toEqual(before);
    // What is committed later arrives later: nothing can still be on its way when this one is here.
    const fence = bookOf(await post({ title: 'The fence' }));
    expect(await changesUntil(page, { id: fence.id })).toEqual([fence]);
  });

  it('rolls back nothing but the batch, whatever else is written at the same time', async () => {
    const page = await follow();
    const titles = Array.from({ length: 20 }, (_, index) => `Meanwhile ${index}`);
    const answers = await Promise.all(
      titles.flatMap((title) => [batch([{ title: 'Phantom' }, {}]), post({ title })]),
    );
    expect(answers.map(({ status }) => status)).toEqual(titles.flatMap(() => [400, 201]));
    const inTable = (await allBooks()).map(({ title }) => title);
    expect(inTable).not.toContain('Phantom');
    expect(inTable).toEqual(expect.arrayContaining(titles));
    await post({ title: 'The end' });
    const told = (await changesUntil(page, { title: 'The end' })).map(({ title }) => title);
    expect(told.toSorted()).toEqual([...titles, 'The end'].toSorted());
  });

  it('refuses a batch that is no array', async () => {
    expect((await batch({ title: 'Alone' })).status).toBe(400);
  });

  it('takes no publications without a key', async () => {
    const refused = await publish(`${example.url}/.well-known/mercure`, undefined, { topic: 'a', data: 'b' });
    expect(refused.status).toBe(405);
  });
});

describe('The program', () => {
  it('prints where it is and what to try', async () => {
    const { text } = example.output;
    expect(text).toContain(example.url);
    expect(text).toContain(`curl -d 'title=Dune' ${example.url}/books`);
    expect(text).toContain(`curl -N '${example.url}/.well-known/mercure?topic=*'`);
  });

  it('says in one line that its port is taken, and exits with 1', async () => {
    const { port } = new URL(example.url);
    const next = Number(port) + 1;
    expect(await refusedBooks({ DATABASE: join(folder.path, 'refused.db'), PORT: port })).toEqual({
      code: 1,
      text: `Port ${port} is taken (EADDRINUSE): end what listens there, or set another one, like PORT=${next}.\n`,
    });
  });

  it.each(['abc', '65536'])('names PORT=%s, which is none, and exits with 1', async (PORT) => {
    expect(await refusedBooks({ DATABASE: join(folder.path, 'refused.db'), PORT })).toEqual({
      code: 1,
      text: `PORT="${PORT}" is no port: give a number from 1 to 65535, like PORT=3001.\n`,
    });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends cleanly on %s, its streams too', async (signal) => {
    const other = await startBooks({ DATABASE: join(folder.path, `${signal}.db`) });
    const stream = await open(`${other.url}/.well-known/mercure?topic=*`);
    const [ended, how] = await Promise.all([stream.body.ended(), other.end(signal)]);
    expect(ended).toBe('end');
    expect(how).toEqual({ code: 0, signal: null });
  });

  it('keeps the books, seeds once, names them by PUBLIC_URL, takes publications with a key', async () => {
    const DATABASE = join(folder.path, 'kept.db');
    const [{ key, token }] = DEMO_TOKENS;
    const first = await startBooks({ DATABASE });
    for (const { id } of JSON.parse((await send(`${first.url}/books`)).text) as Book[]) {
      await send(`${first.url}/books/${id}`, { method: 'DELETE' });
    }
    await send(`${first.url}/books`, { method: 'POST', headers: json, body: '{"title":"Kept"}' });
    await first.end();

    const second = await startBooks({
      DATABASE,
      PUBLIC_URL: 'https://books.example.com/',
      MERCURE_PUBLISHER_JWT_KEY: key,
    });
    const hub = `${second.url}/.well-known/mercure`;
    const books = await send(`${second.url}/books`);
    const [kept, ...rest] = JSON.parse(books.text) as Book[];
    expect([kept?.title, rest]).toEqual(['Kept', []]);
    expect(linksOf(books.headers)).toMatchObject({
      mercure: { target: 'https://books.example.com/.well-known/mercure' },
      self: { target: 'https://books.example.com/books' },
    });

    const topic = `https://books.example.com/books/${kept!.id}`;
    const page = await follow(hub, topic);
    const published = await publish(hub, token, { topic, data: '{"title":"By hand"}' });
    expect(published.status).toBe(200);
    await changesUntil(page, { title: 'By hand' });
    await send(`${second.url}/books/${kept!.id}`, { method: 'DELETE' });
    await changesUntil(page, { '@id': topic, deleted: true });
    await second.end();
  });
});
