import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { dataOf, open, send, type StreamedResponse } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { bearer, legacyToken } from '../support/tokens.js';

const MIB = 1024 * 1024;
const CLIENTS = 5;
const SUBSCRIPTIONS = '/.well-known/mercure/subscriptions';

/** A network between clients and a hub that can be cut without either end being told. */
interface Network {
  readonly url: string;
  /** From now on nothing gets through, and nothing says so: no FIN, no RST, no bytes taken. */
  cut(): void;
  close(): Promise<void>;
}

async function networkTo(hub: HubApp): Promise<Network> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    const upstream = connect(hub.port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      // Not while the network is cut: the other end must not hear of it.
      socket.once('close', () => {
        if (!isCut) for (const end of [client, upstream]) end.destroy();
      });
    }
    client.pipe(upstream);
    upstream.pipe(client);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/.well-known/mercure`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.each(ADAPTERS)('A connection of which only the hub has an end, on %s', (adapter) => {
  let hub: HubApp;
  let network: Network;
  /** The server's ends of the connections that are open. */
  let sockets: Set<Socket>;
  let watcher: StreamedResponse | undefined;

  afterEach(async () => {
    watcher?.abort();
    watcher = undefined;
    await network.close();
    await hub.close();
  });

  /** Clients behind the network, and one beside it that is told of subscriptions. */
  async function start(options: NonNullable<Parameters<typeof createHubApp>[0]>['options']): Promise<void> {
    hub = await createHubApp({ adapter, options: { subscriptions: true, ...options } });
    sockets = new Set();
    hub.server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    network = await networkTo(hub);
    watcher = await open(hub.url, {
      query: { match_urlpattern: `${SUBSCRIPTIONS}/*` },
      headers: bearer(await legacyToken({ subscribe: [`${SUBSCRIPTIONS}/{+all}`] })),
    });
    for (let made = 0; made < CLIENTS; made++) {
      const client = await open(network.url, { query: { match: 'news' } });
      expect(client.status).toBe(200);
      await client.body.waitFor(':\n');
    }
    await eventually('all are connected', () => hub.hub.connections === CLIENTS + 1);
  }

  /** Until no kernel on the way takes another byte: what a vanished peer leaves behind, sooner or later. */
  async function fillTheWay(): Promise<void> {
    const stuck = new Set<Socket>();
    for (let sent = 0; stuck.size < CLIENTS; sent++) {
      expect(sent).toBeLessThan(200);
      await hub.service.publish({ topic: 'news', data: 'x'.repeat(MIB / 2) });
      for (const socket of sockets) if (socket.writableLength > 0) stuck.add(socket);
    }
  }

  const inactive = (text: string) =>
    dataOf(text).filter((data) => !(JSON.parse(data) as { active: boolean }).active);

  it('is given up when heartbeats cannot be written within `dispatchTimeoutMs`, and others are told', async () => {
    await start({ heartbeatMs: 100, dispatchTimeoutMs: 2000, maxBufferedBytes: 0 });
    network.cut();
    await fillTheWay();
    // From here on only heartbeats are written.
    await eventually('those behind the cut network are given up', () => hub.hub.connections === 1);
    const told = await watcher!.body.waitFor((text) => inactive(text).length === CLIENTS);
    expect(inactive(told)).toHaveLength(CLIENTS);
    expect(
      new Set(inactive(told).map((data) => (JSON.parse(data) as { subscriber: string }).subscriber)).size,
    ).toBe(CLIENTS);
    const token = await legacyToken({ subscribe: [`${SUBSCRIPTIONS}{/match_type}{/match}`] });
    const listed = await send(`${hub.origin}${SUBSCRIPTIONS}/exact/news`, { headers: bearer(token) });
    expect(JSON.parse(listed.text)).toMatchObject({ subscriptions: [] });
    // Their sockets are gone too, not only their entries.
    await eventually('the server has the one socket left', () => sockets.size === 1);
  });

  it('is given up at the next update past `maxBufferedBytes`, without any time limit', async () => {
    await start({ heartbeatMs: 0, dispatchTimeoutMs: 0, maxBufferedBytes: MIB });
    network.cut();
    for (let sent = 0; hub.hub.connections > 1; sent++) {
      expect(sent).toBeLessThan(200);
      await hub.service.publish({ topic: 'news', data: 'x'.repeat(MIB / 2) });
    }
    await watcher!.body.waitFor((text) => inactive(text).length === CLIENTS);
  });

  it('does not outlive `maxLifetimeMs` when nothing is ever written to it', async () => {
    await start({ heartbeatMs: 0, dispatchTimeoutMs: 0, maxLifetimeMs: 2500 });
    network.cut();
    await eventually('all lifetimes are over', () => hub.hub.connections === 0);
    await watcher!.body.ended();
  });
});
