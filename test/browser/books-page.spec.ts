import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BooksExample, startBooks, temporaryFolder } from '../examples/support/books-example.js';
import { form, send } from '../support/http-client.js';
import { chromiumPath, launchChromium } from './chromium.js';

if (!chromiumPath) {
  console.warn('SKIPPED: the page of the example, no Chromium was found. Set CHROMIUM_PATH to run it.');
}

/** A hang guard for everything awaited in a browser: these machines are shared. */
const PATIENCE_MS = 20_000;

describe.skipIf(!chromiumPath)("The example's page in Chromium", { timeout: 60_000 }, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let example: BooksExample;
  let browser: Browser;

  beforeAll(async () => {
    folder = await temporaryFolder();
    example = await startBooks({ DATABASE: join(folder.path, 'books.db') });
    browser = await launchChromium();
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await example?.end();
    await folder?.remove();
  });

  /** Opens the page in a tab of its own, and waits until it is live and shows the seeded books. */
  async function openTab({ url } = example): Promise<Page> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const tab = await context.newPage();
    tab.setDefaultTimeout(PATIENCE_MS);
    const faults: string[] = [];
    tab.on('pageerror', (error) => faults.push(error.message));
    onTestFinished(() => expect(faults).toEqual([]));
    await tab.goto(url);
    await connectionIs(tab, 'Live');
    await book(tab, 'Solaris').waitFor();
    return tab;
  }

  const book = (tab: Page, title: string) =>
    tab.locator('#books li').filter({ has: tab.getByText(title, { exact: true }) });
  const connectionIs = (tab: Page, state: string) => tab.locator('#connection', { hasText: state }).waitFor();

  /** Adds a book as `curl -d` does. */
  async function curl(title: string, { url } = example): Promise<void> {
    const { status } = await send(`${url}/books`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form({ title }),
    });
    expect(status).toBe(201);
  }

  it('shows a book that was added elsewhere in every tab, and the event as it came', async () => {
    const tabs = await Promise.all([openTab(), openTab()]);
    await curl('From a terminal');
    for (const tab of tabs) {
      await book(tab, 'From a terminal').waitFor();
      await tab.locator('#events li', { hasText: '"title":"From a terminal"' }).waitFor();
    }
  });

  it('says what to do while nothing has happened, and what an event is about when it has', async () => {
    const tab = await openTab();
    const nothing = tab.locator('#no-events');
    expect(await nothing.textContent()).toBe(
      `Nothing yet: add a book, or run curl -d 'title=Dune' ${example.url}/books`,
    );
    expect(await tab.locator('#follow-line').textContent()).toBe(
      `curl -N '${example.url}/.well-known/mercure?topic=*'`,
    );
    await curl('Something');
    await tab
      .locator('#events li', { hasText: '"title":"Something"' })
      .getByText(/^\/books\/\d+$/)
      .waitFor();
    await nothing.waitFor({ state: 'hidden' });
  });

  it('shows nothing of a batch that was rolled back', async () => {
    const tabs = await Promise.all([openTab(), openTab()]);
    const { status } = await send(`${example.url}/books/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ title: 'A phantom' }, { author: 'Nobody' }]),
    });
    expect(status).toBe(400);
    // Updates come in the order of their commits: when this one is here, nothing before it can still be on its way.
    await curl('A fence');
    for (const tab of tabs) {
      await book(tab, 'A fence').waitFor();
      expect(await tab.getByText('A phantom').count()).toBe(0);
      expect(await tab.locator('#events').textContent()).not.toContain('A phantom');
    }
  });

  it('adds, edits and removes a book, in this tab and in the other', async () => {
    const [tab, other] = await Promise.all([openTab(), openTab()]);

    const adding = tab.getByRole('form', { name: 'Add a book' });
    await adding.getByLabel('Title').fill('Middlemarch');
    await adding.getByLabel('Author').fill('Eliot');
    await adding.getByRole('button', { name: 'Add book' }).click();
    await book(tab, 'Middlemarch').waitFor();
    await book(other, 'Middlemarch').waitFor();

    await tab.getByRole('button', { name: 'Edit Middlemarch' }).click();
    const editing = tab.getByRole('form', { name: 'Edit Middlemarch' });
    await editing.getByLabel('Author').fill('George Eliot');
    await editing.getByRole('button', { name: 'Save' }).click();
    await book(tab, 'Middlemarch').getByText('George Eliot').waitFor();
    await book(other, 'Middlemarch').getByText('George Eliot').waitFor();

    await tab.getByRole('button', { name: 'Remove Middlemarch' }).click();
    await book(tab, 'Middlemarch').waitFor({ state: 'detached' });
    await book(other, 'Middlemarch').waitFor({ state: 'detached' });
  });

  it('says why a book was refused', async () => {
    const tab = await openTab();
    const adding = tab.getByRole('form', { name: 'Add a book' });
    await adding.getByLabel('Title').fill('   ');
    await adding.getByRole('button', { name: 'Add book' }).click();
    await tab.getByRole('alert').getByText('The title must be').waitFor();
  });

  it('shows a title that looks like HTML as text', async () => {
    const tab = await openTab();
    const title = '<img src=x onerror="document.title=1"><b>bold</b>';
    await curl(title);
    await book(tab, title).waitFor();
    await tab.locator('#events li', { hasText: '<b>bold</b>' }).waitFor();
    expect(await tab.locator('#books img, #books b, #events img, #events b').count()).toBe(0);
  });

  /** Counts how often a tab reads the list, from now on. */
  function readsOf(tab: Page): { count: number } {
    const reads = { count: 0 };
    tab.on('request', (request) => {
      if (request.method() === 'GET' && new URL(request.url()).pathname === '/books') reads.count++;
    });
    return reads;
  }

  it('shows what was written after it read and before it followed, and reads but once', async () => {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const tab = await context.newPage();
    const reads = readsOf(tab);
    await tab.route('**/.well-known/mercure**', async (route) => {
      await curl('In between');
      await route.continue();
    });
    await tab.goto(example.url);
    await book(tab, 'In between').waitFor({ timeout: PATIENCE_MS });
    await curl('Afterwards');
    await book(tab, 'Afterwards').waitFor({ timeout: PATIENCE_MS });
    expect(reads.count).toBe(1);
  });

  it('shows the state of the connection, and what happened while it was away', async () => {
    const DATABASE = join(folder.path, 'restarted.db');
    const first = await startBooks({ DATABASE });
    const tab = await openTab(first);
    const reads = readsOf(tab);
    await first.end();
    await connectionIs(tab, 'Reconnecting');

    const second = await startBooks({ DATABASE, PORT: new URL(first.url).port });
    onTestFinished(async () => void (await second.end()));
    await curl('Meanwhile', second);
    await connectionIs(tab, 'Live');
    await book(tab, 'Meanwhile').waitFor();
    expect(reads.count, 'after the gap that was told').toBe(1);
  });
});
