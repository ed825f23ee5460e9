import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redis } from 'nestjs-mercure/redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ContractNode } from '../../../src/testing/contract-node.js';
import { HANG_GUARD_MS } from '../../support/byte-log.js';
import { canStartRedis, freePort, type RedisServer, startRedis, withRedis } from '../../support/redis.js';

const update = (id: string) => ({ id, topics: ['t'], data: '', private: false });

async function privateRedis(...args: readonly string[]): Promise<RedisServer> {
  const server = await startRedis(...args);
  onTestFinished(() => server.remove());
  return server;
}

async function nodeAt(url: string, client = {}): Promise<ContractNode> {
  const transport = redis({ url, timeoutMs: 3000, client });
  onTestFinished(() => transport.close());
  const node = await ContractNode.start(transport, HANG_GUARD_MS);
  return node;
}

/** Publishes until it is taken; resolves with the id that was. */
async function eventuallyAppend(node: ContractNode, name: string): Promise<string> {
  for (let number = 0; ; number++) {
    const id = `${name}-${number}`;
    const stored = await node.transport.append([update(id)]).then(
      () => true,
      () => false,
    );
    if (stored) return id;
  }
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mercure-redis-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

describe.skipIf(!(await canStartRedis('topologies of Redis')))('The redis transport', () => {
  it(
    'works on a cluster: everything of a hub lies in one slot, on whatever node that is',
    { timeout: 90_000 },
    async () => {
      const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
      const servers = [await privateRedis(...args), await privateRedis(...args), await privateRedis(...args)];
      const hosts = servers.map(({ port }) => `127.0.0.1:${port}`);
      execFileSync('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes'], { stdio: 'ignore' });
      await Promise.all(
        servers.map(({ url }) =>
          withRedis(url, async (client) => {
            while (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'))
              await new Promise((resume) => setTimeout(resume, 50));
          }),
        ),
      );
      const nodes = [
        await nodeAt(`redis+cluster://${hosts.join(',')}`),
        await nodeAt(`redis+cluster://${hosts[2]}`),
      ];
      const [one, other] = nodes as [ContractNode, ContractNode];
      await Promise.all(
        Array.from({ length: 300 }, (_, index) => one.transport.append([update(`u-${index}`)])),
      );
      for (const node of nodes) await node.hasSeen(300);
      expect(other.ids).toEqual(one.ids);
      expect((await other.readAfter(await other.positionOf('u-5'))).length).toBe(294);
      const keys = (await Promise.all(servers.map((server) => server.command('KEYS', '*')))) as string[][];
      expect(keys.filter((each) => each.length > 0)).toHaveLength(1);
      for (const node of nodes) expect(node.gaps).toEqual([]);
    },
  );

  it(
    'follows Sentinel to the new master, and tells where that lacks something',
    { timeout: 120_000 },
    async () => {
      const master = await privateRedis();
      const replica = await privateRedis('--replicaof', `127.0.0.1 ${master.port}`);
      await withRedis(replica.url, async (client) => {
        while (!(await client.info('replication')).includes('master_link_status:up'))
          await new Promise((resume) => setTimeout(resume, 50));
      });
      const port = await freePort();
      const file = join(await temporary(), 'sentinel.conf');
      const settings = [
        `port ${port}`,
        `sentinel monitor main 127.0.0.1 ${master.port} 1`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 5000',
      ];
      await writeFile(file, settings.join('\n'));
      const sentinel = spawn('redis-sentinel', [file], { stdio: 'ignore' });
      onTestFinished(() => void sentinel.kill('SIGKILL'));
      await withRedisSoon(`redis://127.0.0.1:${port}`, async (client) => {
        // It knows of the replica a little later.
        while (((await client.call('SENTINEL', 'REPLICAS', 'main')) as unknown[]).length === 0)
          await new Promise((resume) => setTimeout(resume, 100));
      });
      const node = await nodeAt(`redis+sentinel://127.0.0.1:${port}?name=main`);
      await node.transport.append([update('before')]);
      await node.hasSeen(1);
      await master.kill();
      const id = await eventuallyAppend(node, 'after');
      await node.until('what follows', () => node.ids.includes(id));
      // It had been replicated, or it is told.
      expect((await node.transport.locate('before')).found || node.gaps.length > 0).toBe(true);
      expect(node.ids[0]).toBe('before');
    },
  );

  it('speaks TLS, and checks who answers', { timeout: 60_000 }, async () => {
    const directory = await temporary();
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '1',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    const port = await freePort();
    const files = [
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      cert,
      '--tls-auth-clients',
      'no',
    ];
    await privateRedis('--tls-port', String(port), ...files);
    const url = `rediss://localhost:${port}`;
    const stranger = redis({ url, timeoutMs: 1000 });
    await expect(stranger.start({ appended: () => undefined, gap: () => undefined })).rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      message: expect.stringMatching(/self-signed/) as string,
    });
    const node = await nodeAt(url, { tls: { ca: await readFile(cert) } });
    await node.transport.append([update('a')]);
    await node.hasSeen(1);
  });
});

async function withRedisSoon(url: string, work: Parameters<typeof withRedis>[1]): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await withRedis(url, work);
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resume) => setTimeout(resume, 100));
    }
  }
}
