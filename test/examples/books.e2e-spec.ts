import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { form, open, publish, send } from '../support/http-client.js';
import { DEMO_TOKENS } from '../support/tokens.js';
import { type BooksExample, startBooks, temporaryFolder } from './support/books-example.js';
import { Follower } from './support/follower.js';

interface Book {
  id: number;
  title: string;
  author: string;
}

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

async function follow(): Promise<Follower> {
  const follower = await Follower.of(`${example.url}/.well-known/mercure?topic=*`);
  onTestFinished(() => follower.close());
  return follower;
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
    const link = `<${example.url}/.well-known/mercure>; rel="mercure"`;
    for (const path of ['/', '/books', '/books/1', '/books/999999']) {
      const { headers } = await send(example.url + path);
      expect(headers['link'], path).toBe(link);
    }
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
    const follower = await follow();
    const { id } = bookOf(await post({ title: 'Beloved' }));
    await patch(id, { author: 'Toni Morrison' });
    await remove(id);
    const heard = await follower.hears({ id, deleted: true });
    expect(heard).toMatchObject([
      { id, title: 'Beloved', author: '' },
      { id, title: 'Beloved', author: 'Toni Morrison' },
      { '@id': url(id), id, deleted: true },
    ]);
  });

  it('tells a batch book by book', async () => {
    const follower = await follow();
    const written = await batch([{ title: 'Part one' }, { title: 'Part two' }]);
    expect(written.status).toBe(201);
    const books = JSON.parse(written.text) as Book[];
    await follower.hears({ title: 'Part two' });
    expect(follower.heard).toEqual(books);
  });

  it('says nothing of a batch that was rolled back, and the table holds nothing of it', async () => {
    const follower = await follow();
    const before = await allBooks();
    const refused = await batch([{ title: 'Phantom' }, { title: 'Ghost' }, { author: 'Nobody' }]);
    expect(refused.status).toBe(400);
    expect(await allBooks()).toEqual(before);
    // What is committed later arrives later: nothing can still be on its way when this one is here.
    const fence = bookOf(await post({ title: 'The fence' }));
    await follower.hears({ id: fence.id });
    expect(follower.heard).toEqual([fence]);
  });

  it('rolls back nothing but the batch, whatever else is written at the same time', async () => {
    const follower = await follow();
    const titles = Array.from({ length: 20 }, (_, index) => `Meanwhile ${index}`);
    const answers = await Promise.all(
      titles.flatMap((title) => [batch([{ title: 'Phantom' }, {}]), post({ title })]),
    );
    expect(answers.map(({ status }) => status)).toEqual(titles.flatMap(() => [400, 201]));
    const inTable = (await allBooks()).map(({ title }) => title).filter((title) => !title.startsWith('Mean'));
    expect(inTable).not.toContain('Phantom');
    await follower.hears({ title: bookOf(await post({ title: 'The end' })).title });
    const told = (follower.heard as Book[]).map(({ title }) => title);
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
    expect(books.headers['link']).toBe('<https://books.example.com/.well-known/mercure>; rel="mercure"');

    const follower = await Follower.of(`${hub}?topic=https://books.example.com/books/${kept!.id}`);
    const published = await publish(hub, token, {
      topic: `https://books.example.com/books/${kept!.id}`,
      data: '{"by":"hand"}',
    });
    expect(published.status).toBe(200);
    await follower.hears({ by: 'hand' });
    await send(`${second.url}/books/${kept!.id}`, { method: 'DELETE' });
    await follower.hears({ '@id': `https://books.example.com/books/${kept!.id}`, deleted: true });
    follower.close();
    await second.end();
  });
});
