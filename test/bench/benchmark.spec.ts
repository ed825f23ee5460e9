import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { Streams } from '../../bench/client/streams.js';
import { payload } from '../../bench/wire/payload.js';
import { BenchProgram, type BenchRun } from './support/bench-program.js';
import { honest, losing, type Manners, repeating, startFakePeer, swapping } from './support/fake-peer.js';

const program = new BenchProgram();
afterAll(() => program.remove());

async function measurePeer(manners: Manners | 'silent'): Promise<BenchRun> {
  const peer = await startFakePeer(manners);
  const it = ['--peer', peer.url, '--peer-token', 'any', '--peer-pid', String(process.pid)];
  const run = await program.run('--quick', '--only', 'fan-out-1000', '--contestants', 'peer', ...it);
  peer.close();
  return run;
}

describe.concurrent('the benchmark fails a contestant that', () => {
  it('swaps two deliveries to one stream', async () => {
    const { code, said } = await measurePeer(swapping());
    expect(said).toMatch(/Error: peer: .*update 4 of publisher 0 came where 3 was to come/);
    expect(code).toBe(1);
  });

  it('loses one', async () => {
    const { code, said } = await measurePeer(losing);
    expect(said).toMatch(/Error: peer: .*update 4 of publisher 0 came where 3 was to come/);
    expect(code).toBe(1);
  });

  it('repeats one', async () => {
    const { code, said } = await measurePeer(repeating);
    expect(said).toMatch(/Error: peer: .*update 3 of publisher 0 came where 4 was to come/);
    expect(code).toBe(1);
  });

  it('orders the updates of two publishers differently for two streams', async () => {
    const events = [0, 1].map((publisher) => payload({ sequence: 0, publisher, topic: 0 }, 100));
    const manners: Manners = (_event, nth, streams, write) => {
      if (nth > 0) return;
      for (let to = 0; to < streams; to++) {
        for (const event of to === 0 ? events : events.toReversed()) write(`data: ${event}\n\n`, to);
      }
    };
    const peer = await startFakePeer(manners);
    const streams = new Streams();
    const { hostname: host, port, pathname: path } = new URL(peer.url);
    const address = { host, port: Number(port), path, tls: false, http2: false, parameter: 'match' } as const;
    await streams.open({
      addresses: [address],
      count: 2,
      topics: 1,
      tokens: [],
      lastEventId: undefined,
      from: 0,
      publishers: 2,
      dataBytes: 100,
      atOnce: 2,
    });
    await fetch(peer.url, { method: 'POST', body: new URLSearchParams({ data: 'x' }) });
    await streams.tally.reach(4);
    streams.checkOrder(1);
    expect(() => streams.tally.check(4)).toThrow(
      'stream 1 received the updates of its topic in another order',
    );
    streams.close();
    peer.close();
  });
});

describe.concurrent('before anything is measured the benchmark says', () => {
  it('that a peer does not answer', async () => {
    const { code, said } = await measurePeer('silent');
    expect(said).toContain('does not do as a hub does: it does not answer within 10 s');
    expect(said).not.toContain('round 1');
    expect(code).toBe(1);
  });

  it('that nobody listens at the URL of a peer', async () => {
    const peer = await startFakePeer(honest);
    peer.close();
    const it = ['--peer', peer.url, '--peer-token', 'any', '--peer-pid', String(process.pid)];
    const { code, said } = await program.run('--quick', '--only', 'publishing-10', ...it);
    expect(said).toContain('does not do as a hub does');
    expect(said).not.toContain('round 1');
    expect(code).toBe(1);
  });

  it('that a port is busy', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, said } = await program.run('--quick', '--only', 'fan-out-1000', '--port', String(port));
    server.close();
    expect(said).toContain(`error: --port ${port} cannot be had`);
    expect(said).not.toContain('round 1');
    expect(code).toBe(1);
  });

  it('that a process may open too few files', async () => {
    const { code, said } = await program.runWith({ descriptors: 1000 }, '--only', 'fan-out-10000');
    expect(said).toContain('error: A process here may open 1000 files and sockets, 10200 are needed');
    expect(said).not.toContain('round 1');
    expect(code).toBe(1);
  });

  it('that a store which was asked for by name does not answer', async () => {
    const { code, said } = await program.runWith(
      { REDIS_URL: 'redis://127.0.0.1:1' },
      '--quick',
      '--only',
      'nodes-redis',
    );
    expect(said).toContain('error: nodes-redis cannot be measured: no Redis answers at REDIS_URL');
    expect(said).not.toContain('round 1');
    expect(code).toBe(1);
  });
});

it('a contestant that does as it should is measured', async () => {
  const { code, said } = await measurePeer(honest);
  expect(said).toContain('Fan-out: one update at a time');
  expect(said).toMatch(/latency p50 \(ms\) +[\d.]+/);
  expect(code).toBe(0);
});
