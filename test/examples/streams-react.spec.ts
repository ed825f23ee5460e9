import { EventSource } from 'eventsource';
import { type HTMLElement, Window } from 'happy-dom';
import type { FunctionComponent, ReactNode } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '../support/eventually.js';
import { createHubApp, type HubApp } from '../support/hub-app.js';

const EXAMPLE = '../../examples/streams/page/news-list.js';

describe('A React component that follows a stream', () => {
  let window: Window;
  let react: typeof import('react');
  let createRoot: (typeof import('react-dom/client'))['createRoot'];
  let NewsList: FunctionComponent<{ url: string }>;
  let hub: HubApp;
  let root: ReturnType<typeof createRoot>;
  let place: HTMLElement;

  beforeAll(async () => {
    window = new Window({ url: 'http://localhost/' });
    // React looks for a DOM when it is loaded.
    vi.stubGlobal('window', window);
    vi.stubGlobal('document', window.document);
    vi.stubGlobal('navigator', window.navigator);
    vi.stubGlobal('EventSource', EventSource);
    react = await import('react');
    ({ createRoot } = await import('react-dom/client'));
    ({ NewsList } = (await import(EXAMPLE)) as { NewsList: typeof NewsList });
  });

  // The globals stay: React may have work left that looks at them, and this file has a process of its own.
  afterAll(() => window.happyDOM.close());

  beforeEach(async () => {
    hub = await createHubApp({ nest: { forceCloseConnections: true } });
    place = window.document.createElement('div');
    root = createRoot(place);
  });

  afterEach(async () => {
    root.unmount();
    await hub.close();
  });

  const list = (topic: string) => react.createElement(NewsList, { url: `${hub.url}?match=${topic}` });
  const strict = (node: ReactNode) => react.createElement(react.StrictMode, null, node);
  const shown = () => [...place.querySelectorAll('li')].map(({ textContent }) => textContent);
  const connections = (count: number) =>
    eventually(
      `${count} connections, with ${shown().length} items shown`,
      () => hub.hub.connections === count,
    );

  it('shows what is published, in order', async () => {
    root.render(list('news'));
    await connections(1);
    for (const data of ['one', '<b>two</b>', 'three']) await hub.service.publish({ topic: 'news', data });
    await eventually('all are shown', () => shown().length === 3);
    expect(shown()).toEqual(['one', '<b>two</b>', 'three']);
  });

  it('closes its stream when it is unmounted: the hub has no connection left', async () => {
    root.render(strict(list('news')));
    await connections(1);
    root.unmount();
    await connections(0);
    expect(shown()).toEqual([]);
  });

  it('closes it when the component goes, and the page around it stays', async () => {
    root.render(react.createElement('main', null, list('news'), react.createElement('p')));
    await connections(1);
    root.render(react.createElement('main', null, null, react.createElement('p')));
    await connections(0);
    expect(place.querySelectorAll('main > p')).toHaveLength(1);
  });

  it('has one stream, however often it is rendered, mounted and unmounted', async () => {
    for (let visit = 0; visit < 20; visit++) {
      root.render(strict(list('news')));
      root.render(strict(list('news')));
      await connections(1);
      root.render(null);
      await connections(0);
    }
    root.render(strict(list('news')));
    await connections(1);
    await hub.service.publish({ topic: 'news', data: 'once' });
    await eventually('it is shown', () => shown().length > 0);
    expect(shown()).toEqual(['once']);
  });

  it('follows its URL of now, and shows nothing of the one before', async () => {
    root.render(list('news'));
    await connections(1);
    await hub.service.publish({ topic: 'news', data: 'old' });
    await eventually('it is shown', () => shown().length === 1);
    root.render(list('sports'));
    await eventually('the list is empty', () => shown().length === 0);
    await eventually('the other topic is followed, and the first no more', () => followed() === 'sports');
    await hub.service.publish({ topic: 'news', data: 'late' });
    await hub.service.publish({ topic: 'sports', data: 'goal' });
    await eventually('the new one is shown', () => shown().length > 0);
    expect(shown()).toEqual(['goal']);
  });

  /** The topics that the hub has listeners of. */
  function followed(): string {
    const { registry } = hub.hub as unknown as {
      registry: Iterable<{ audience: { listens: { compiled: { matcher: { pattern: string } } }[] } }>;
    };
    return [...registry]
      .flatMap(({ audience }) => audience.listens.map(({ compiled }) => compiled.matcher.pattern))
      .join();
  }
});
