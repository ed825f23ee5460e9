import { randomUUID } from 'node:crypto';
import { redis, type RedisTransport, type RedisTransportOptions } from 'nestjs-mercure/redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MercureError, type TransportListener } from 'nestjs-mercure';
import { canStartRedis, freePort, type RedisServer, startRedis, withRedis } from '../../support/redis.js';

const LISTENER: TransportListener = { appended: () => undefined, gap: () => undefined };
const update = (id: string, data = '') => ({ id, topics: ['t'], data, private: false });

async function privateRedis(...args: readonly string[]): Promise<RedisServer> {
  const server = await startRedis(...args);
  onTestFinished(() => server.remove());
  return server;
}

function transportOn(
  server: { readonly url: string },
  options: Partial<RedisTransportOptions> = {},
): RedisTransport {
  const transport = redis({ url: server.url, timeoutMs: 2000, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

async function startFault(transport: RedisTransport): Promise<MercureError> {
  const fault: unknown = await transport.start(LISTENER).then(
    () => 'it started',
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(MercureError);
  return fault as MercureError;
}

/** Everything of an error that may be printed. */
function printed(error: MercureError): string {
  return `${error.stack}\n${JSON.stringify(error)}\n${String((error.cause as Error | undefined)?.stack)}`;
}

describe('What redis() is given', () => {
  it.each([
    [{}, /url.*not set.*environment variable/],
    [{ url: undefined }, /url.*not set/],
    [{ url: 'http://localhost' }, /url.*redis, rediss/],
    [{ url: 'redis://a,b' }, /several hosts/],
    [{ url: 'redis://host:99999' }, /host that is none/],
    [{ url: 'redis://host?prefx=x' }, /unknown parameter.*prefix, size/],
    [{ url: 'redis://host?size=-1' }, /size.*whole number/],
    [{ url: 'redis://host', prefix: 'a{b}' }, /prefix.*braces/],
    [{ url: 'redis://host', size: 1.5 }, /size.*whole number/],
    [{ url: 'redis://host', timeoutMs: 0 }, /timeoutMs.*1 or more/],
    [{ url: 'redis://host', durability: 'twice' }, /durability.*process, disk, replicated/],
    [{ url: 'redis://host', sise: 5 }, /sise.*unknown.*size/],
    [{ url: 'redis+cluster://host/3' }, /only 0/],
  ])('%j is refused, saying what is right', (options, message) => {
    const make = (): unknown => redis(options as unknown as RedisTransportOptions);
    expect(make).toThrow(MercureError);
    expect(make).toThrow(message);
  });

  it.each(['redis://u:hunter2@a,b', 'redis://u:hunter2@h/x', 'redis://u:hunter2%@h', 'hunter2'])(
    'its password is in no message (%#)',
    (url) => {
      expect(() => redis({ url })).toThrow(/^(?!.*hunter2)/);
    },
  );
});

describe.skipIf(!(await canStartRedis('refusals of Redis')))('A hub on a Redis', () => {
  it('that is not there does not start, and says where it looked', async () => {
    const port = await freePort();
    const fault = await startFault(transportOn({ url: `redis://u:hunter2@127.0.0.1:${port}` }));
    expect(fault).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE', status: 503 });
    expect(fault.message).toContain(`127.0.0.1:${port}`);
    expect(printed(fault)).not.toContain('hunter2');
  });

  it('that asks for a password does not start without it, nor with a wrong one, and does with the right one', async () => {
    const server = await privateRedis('--requirepass', 'hunter2');
    const at = (login: string) => ({ url: `redis://${login}127.0.0.1:${server.port}` });
    for (const login of ['', 'default:wrong%2Done@', 'nobody:hunter2@']) {
      const fault = await startFault(transportOn(at(login)));
      expect(fault, login).toMatchObject({ code: 'TRANSPORT_INVALID' });
      expect(fault.message).toMatch(/does not let the hub in.*name and password/);
      expect(printed(fault)).not.toMatch(/hunter2|wrong-one/);
    }
    const transport = transportOn(at('default:hunter2@'));
    await transport.start(LISTENER);
    await transport.append([update('a')]);
  });

  it('whose keys are another’s does not start, and touches none of them', async () => {
    const server = await privateRedis();
    await server.command('SET', '{mercure}:ids', 'mine');
    const fault = await startFault(transportOn(server));
    expect(fault).toMatchObject({ code: 'TRANSPORT_INVALID' });
    expect(fault.message).toMatch(/"\{mercure\}:ids".*another prefix/);
    expect(await server.command('KEYS', '*')).toEqual(['{mercure}:ids']);
    await server.command('DEL', '{mercure}:ids');
    await server.command('HSET', '{mercure}:meta', 'format', '0');
    expect((await startFault(transportOn(server))).message).toMatch(/another version/);
    await transportOn(server, { prefix: 'mine' }).start(LISTENER);
  });

  it('that has no memory left refuses publications with 503, goes on delivering, and takes them when there is some', async () => {
    const server = await privateRedis('--maxmemory-policy', 'noeviction');
    const transport = transportOn(server);
    await transport.start(LISTENER);
    await transport.append([update('before')]);
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    const fault = await transport
      .append([update('refused', 'hunter2')])
      .catch((error: unknown) => error as MercureError);
    expect(fault).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE', status: 503 });
    expect(printed(fault as MercureError)).not.toContain('hunter2');
    expect((await transport.locate('before')).found, 'what is there can be read').toBe(true);
    await expect(transport.check(), 'readiness tells').rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
    });
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await transport.check();
    await transport.append([update('after')]);
    expect((await transport.locate('refused')).found).toBe(false);
  });

  it('that cannot take one publication takes the others of the same moment', async () => {
    // A bulk of more than a megabyte is more than this server reads: it closes the connection.
    const server = await privateRedis('--proto-max-bulk-len', '1mb');
    const transport = transportOn(server, { timeoutMs: 1000 });
    await transport.start(LISTENER);
    const outcomes = await Promise.allSettled([
      transport.append([update('one')]),
      transport.append([update('too large', 'x'.repeat(2 * 1024 * 1024))]),
      transport.append([update('two')]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await transport.locate('two')).found).toBe(true);
  });

  it('refuses at once what is too much to wait for a server that is away', { timeout: 90_000 }, async () => {
    const server = await privateRedis();
    const transport = transportOn(server, { timeoutMs: 20_000 });
    await transport.start(LISTENER);
    await server.kill();
    const waiting = Array.from({ length: 65 }, (_, index) =>
      transport.append([update(`${index}`, 'x'.repeat(1024 * 1024))]).then(
        () => `${index} is stored`,
        (error: MercureError) => error.remedy,
      ),
    );
    expect(await Promise.race(waiting)).toMatch(/too much waits/);
    await server.start();
    expect(await waiting[0], 'what waited before it is stored').toBe('0 is stored');
  });

  it('waits for nothing when it is closed while Redis is away', async () => {
    const server = await privateRedis();
    const transport = transportOn(server, { timeoutMs: 300 });
    await transport.start(LISTENER);
    await server.kill();
    const waiting = transport.append([update('a')]).catch((error: MercureError) => error.code);
    await transport.close();
    expect(await waiting).toBe('TRANSPORT_UNAVAILABLE');
    await expect(transport.append([update('b')])).rejects.toMatchObject({ code: 'HUB_CLOSED' });
  });
});

describe.skipIf(!(await canStartRedis('durability on Redis')))('What an acknowledgement means', () => {
  it('disk: refused where the server does not sync what it acknowledges', async () => {
    for (const args of [[], ['--appendonly', 'yes', '--appendfsync', 'everysec']]) {
      const server = await privateRedis(...args);
      const fault = await startFault(transportOn(server, { durability: 'disk' }));
      expect(fault).toMatchObject({ code: 'TRANSPORT_INVALID' });
      expect(fault.message).toContain('appendfsync always');
    }
  });

  it('disk: kept over a kill by a server that does, and refused again when it does no more', async () => {
    const server = await privateRedis('--appendonly', 'yes', '--appendfsync', 'always');
    const transport = transportOn(server, { durability: 'disk', timeoutMs: 1000 });
    expect(transport.durability).toBe('disk');
    await transport.start(LISTENER);
    const ids = Array.from({ length: 50 }, (_, index) => `u${index}`);
    await Promise.all(ids.map((id) => transport.append([update(id)])));
    await server.kill();
    await server.start();
    await transport.append([update('after')]);
    for (const id of [...ids, 'after']) expect((await transport.locate(id)).found, id).toBe(true);
    await server.kill();
    await server.start('--appendfsync', 'no');
    await expect(transport.append([update('unsafe')])).rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
    });
    expect((await transport.locate('unsafe')).found).toBe(false);
    await expect(transport.check(), 'readiness tells').rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
    });
  });

  it('replicated: as many replicas have it, else the publisher is told', async () => {
    const server = await privateRedis();
    const transport = transportOn(server, {
      durability: 'replicated',
      timeoutMs: 1000,
      prefix: randomUUID(),
    });
    await transport.start(LISTENER);
    await expect(transport.append([update('alone')])).rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      remedy: expect.stringMatching(/too few replicas/) as string,
    });
    await expect(transport.check(), 'readiness tells').rejects.toMatchObject({
      remedy: expect.stringMatching(/too few replicas/) as string,
    });
    const replica = await privateRedis('--replicaof', `127.0.0.1 ${server.port}`);
    await withRedis(replica.url, async (client) => {
      while (!(await client.info('replication')).includes('master_link_status:up'))
        await new Promise((resume) => setTimeout(resume, 20));
    });
    await transport.check();
    await transport.append([update('on two')]);
    await server.kill();
    await replica.command('REPLICAOF', 'NO', 'ONE');
    expect(String(await replica.command('KEYS', '*:ids'))).toContain(':ids');
  });
});
