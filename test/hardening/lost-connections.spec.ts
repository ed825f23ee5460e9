import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, form, open, publish } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { connectRaw, rawRequest } from '../support/raw-connection.js';
import { eventually } from '../support/eventually.js';
import { legacyToken } from '../support/tokens.js';

describe.each(ADAPTERS)('A publisher whose connection is lost, on %s', (adapter) => {
  let hub: HubApp;
  let token: string;
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
    token = await legacyToken({ publish: ['*'] });
  });
  afterAll(() => hub.close());

  const post = (body: string, length = Buffer.byteLength(body)) =>
    rawRequest(
      'POST /.well-known/mercure HTTP/1.1',
      {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': String(length),
      },
      body,
    );
  const noConnection = () =>
    eventually('the server has no connection but the listener', () => {
      let count = -1;
      hub.server.getConnections((_, open) => (count = open));
      return count <= 1;
    });

  it.each(['destroy', 'reset', 'halfClose'] as const)(
    'after its body has had its update accepted and delivered, or neither: %s',
    async (how) => {
      const accepted: string[] = [];
      const subscription = hub.service.updates$.subscribe(({ id }) => accepted.push(id));
      const listener = await open(hub.url, { query: { topic: 'a' } });
      const ids = Array.from({ length: 40 }, (_, index) => `${how}-${index}`);
      for (const id of ids) {
        const connection = await connectRaw(hub.port);
        connection.send(post(form({ topic: 'a', id, data: id })));
        connection[how]();
      }
      await noConnection();
      await publish(hub.url, token, { topic: 'a', id: `${how}-last`, data: 'last' });
      const heard = eventsOf(await listener.body.waitFor(`id: ${how}-last\ndata: last\n\n`)).map(
        ({ id }) => id,
      );
      expect(heard).toEqual(accepted);
      expect(new Set(heard).size).toBe(heard.length);
      // Who only says that no more will come still waits for the answer.
      if (how === 'halfClose') expect(heard.length).toBeGreaterThan(1);
      subscription.unsubscribe();
      listener.abort();
    },
  );

  it.each(['destroy', 'reset'] as const)(
    'in the middle of its body has published nothing: %s',
    async (how) => {
      const accepted: string[] = [];
      const subscription = hub.service.updates$.subscribe(({ id }) => accepted.push(id));
      for (let index = 0; index < 20; index++) {
        const connection = await connectRaw(hub.port);
        connection.send(post('topic=a&data=half', 1000));
        connection[how]();
      }
      await publish(hub.url, token, { topic: 'a', id: `after-${how}` });
      expect(accepted).toEqual([`after-${how}`]);
      subscription.unsubscribe();
    },
  );

  it('may publish again with the id it chose: both have it, and a cursor there misses neither', async () => {
    for (const data of ['once', 'again']) {
      expect((await publish(hub.url, token, { topic: 'retry', id: 'mine', data })).text).toBe('mine');
    }
    const stream = await open(hub.url, { query: { topic: 'retry', last_event_id: 'mine' } });
    expect(eventsOf(await stream.body.waitFor('again\n\n'))).toMatchObject([{ id: 'mine', data: 'again' }]);
    stream.abort();
  });
});
