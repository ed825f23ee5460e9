import { describe, expect, it } from 'vitest';
import { memory, MercureError, type Transport } from '../../src/index.js';
import { eventsOf, open, publish, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { legacyToken } from '../support/tokens.js';

/** A memory whose network may be gone. */
function absent() {
  const kept = memory();
  const state = { away: false };
  const reach = <T>(act: () => Promise<T>): Promise<T> =>
    state.away
      ? Promise.reject(new MercureError('TRANSPORT_UNAVAILABLE', 503, 'Service Unavailable', 'Try again.'))
      : act();
  const transport: Transport = {
    durability: kept.durability,
    start: (listener) => kept.start(listener),
    append: (updates) => reach(() => kept.append(updates)),
    locate: (id) => reach(() => kept.locate(id)),
    earliest: () => reach(() => kept.earliest()),
    read: (after, until) => reach(() => kept.read(after, until)),
    close: () => kept.close(),
  };
  return { transport, state };
}

describe.each(ADAPTERS)('While the transport is away, on %s', (adapter) => {
  it('publishing is 503 with Retry-After, and works again afterwards', async () => {
    const { transport, state } = absent();
    const hub = await createHubApp({ adapter, options: { transport } });
    const token = await legacyToken({ publish: ['*'] });
    state.away = true;
    const refused = await publish(hub.url, token, { topic: 'a' });
    expect(refused).toMatchObject({ status: 503, reason: 'Service Unavailable' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    // What is wrong with the publication itself is said all the same.
    expect((await publish(hub.url, token, { data: 'x' })).status).toBe(400);
    state.away = false;
    expect((await publish(hub.url, token, { topic: 'a' })).status).toBe(200);
    await hub.close();
  });

  it('a stream opens, lives, and catches up from its cursor when it is back', async () => {
    const { transport, state } = absent();
    const hub = await createHubApp({ adapter, options: { transport, heartbeatMs: 40 } });
    for (const id of ['1', '2', '3']) await hub.service.publish({ topic: 'a', id, data: `data ${id}` });
    state.away = true;
    const stream = await open(hub.url, { query: { topic: 'a' }, headers: { 'Last-Event-ID': '1' } });
    expect(stream.status).toBe(200);
    expect(stream.headers['mercure-last-event-id']).toBe('1');
    expect(await stream.body.waitFor((text) => text.length >= 6)).toMatch(/^:\n:\n:\n/);
    state.away = false;
    const heard = eventsOf(await stream.body.waitFor('data 3\n\n')).map(({ id }) => id);
    expect(heard).toEqual(['2', '3']);
    await hub.service.publish({ topic: 'a', id: '4', data: 'live' });
    await stream.body.waitFor('live');
    await hub.close();
  });

  it('a stream whose cursor turns out not to be kept tells the gap when it is back', async () => {
    const { transport, state } = absent();
    const hub = await createHubApp({ adapter, options: { transport } });
    state.away = true;
    const stream = await open(hub.url, { query: { topic: 'a', last_event_id: 'unknown' } });
    expect(stream.status).toBe(200);
    state.away = false;
    expect(eventsOf(await stream.body.waitFor('\n\n'))[0]).toMatchObject({ event: 'mercure' });
    await hub.close();
  });

  it('HEAD is still 200', async () => {
    const { transport, state } = absent();
    const hub = await createHubApp({ adapter, options: { transport } });
    state.away = true;
    expect((await send(hub.url, { method: 'HEAD', query: { topic: 'a', last_event_id: 'x' } })).status).toBe(
      200,
    );
    await hub.close();
  });
});
