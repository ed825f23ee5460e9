import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ByteLog } from '../support/byte-log.js';
import { form } from '../support/http-client.js';
import { legacyToken, modernToken, KEY } from '../support/tokens.js';
import { buildProgram, programs } from './support/program.js';
import { isInstalled, type Proxy, startCaddy, startNginx } from './support/proxies.js';

beforeAll(() => void buildProgram(), 120_000);

const start = programs();
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const PROXIES = [
  { name: 'nginx' as const, proxy: startNginx },
  { name: 'caddy' as const, proxy: startCaddy },
];
const PATH = '/.well-known/mercure';
const HUB = 'https://hub.example.com';

/** A hub behind a proxy, and an HTTP/2 session with the proxy, by the name the guide gives it. */
async function behind(proxy: (hubPort: string) => Promise<Proxy>, environment: Record<string, string> = {}) {
  const program = start({
    ADDR: '127.0.0.1:0',
    MERCURE_PUBLIC_URL: HUB,
    MERCURE_ANONYMOUS: '1',
    MERCURE_PUBLISHER_JWT_KEY: KEY,
    MERCURE_SUBSCRIBER_JWT_KEY: KEY,
    MERCURE_SHUTDOWN_SPREAD: '0',
    ...environment,
  });
  const { port } = new URL(await program.url());
  const front = await proxy(port);
  closing.push(() => front.stop());
  const session = connect(`https://127.0.0.1:${front.port}`, {
    rejectUnauthorized: false,
    servername: 'hub.example.com',
  });
  session.on('error', () => undefined);
  closing.push(() => session.destroy());
  return { program, session };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: ByteLog;
  readonly stream: ClientHttp2Stream;
}

function request(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':path': path,
      ':method': body === undefined ? 'GET' : 'POST',
      ':authority': 'hub.example.com',
      ...headers,
    });
    const log = new ByteLog();
    stream.on('data', (chunk: Buffer) => log.add(chunk));
    stream.once('end', () => log.finish('end'));
    stream.once('close', () => log.finish('cut'));
    stream.once('error', reject);
    stream.once('response', (answer) => {
      resolve({ status: Number(answer[':status']), headers: answer, body: log, stream });
    });
    stream.end(body);
  });
}

function publish(
  session: ClientHttp2Session,
  token: string,
  fields: Record<string, string>,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' };
  return request(session, PATH, headers, form(fields));
}

for (const { name, proxy } of PROXIES) {
  describe.skipIf(!isInstalled(name))(`the recipe for ${name}`, () => {
    it('serves HTTP/2, and every event arrives at once', async () => {
      const { session } = await behind(proxy);
      const { status, headers, body } = await request(session, `${PATH}?match=*`);
      expect(status).toBe(200);
      expect(headers['content-type']).toMatch(/^text\/event-stream/);
      expect(headers['content-encoding']).toBeUndefined();
      const token = await legacyToken({ publish: ['*'] });
      // One is waited for before the next is sent: a proxy that collects them would hang here.
      for (const data of ['one', 'two', 'three']) {
        expect((await publish(session, token, { topic: `${HUB}/books/1`, data })).status).toBe(200);
        await body.waitFor(`data: ${data}\n\n`);
      }
    });

    it("the audience of tokens is the public URL's", async () => {
      const { session } = await behind(proxy);
      const claims = { iss: 'https://localhost', aud: HUB + PATH };
      const topic = `${HUB}/books/1`;
      const token = await modernToken({ publish: [topic] }, { claims });
      const { status, body } = await publish(session, token, { topic, data: 'x' });
      await body.ended();
      expect([status, body.text]).toEqual([200, expect.stringContaining('urn:uuid:')]);
      const metadata = await request(session, `/.well-known/oauth-protected-resource${PATH}`);
      await metadata.body.ended();
      expect(JSON.parse(metadata.body.text)).toMatchObject({ resource: HUB + PATH });
    });

    it('a client that goes away is gone for the hub', async () => {
      const { session } = await behind(proxy, { MERCURE_MAX_CONNECTIONS: '1' });
      const first = await request(session, `${PATH}?match=*`);
      expect(first.status).toBe(200);
      expect((await request(session, `${PATH}?match=*`)).status).toBe(429);
      first.stream.close();
      await expect
        .poll(async () => (await request(session, `${PATH}?match=*`)).status, { timeout: 20_000 })
        .toBe(200);
    });

    it('SIGTERM ends the streams through it', async () => {
      const { program, session } = await behind(proxy);
      const { body } = await request(session, `${PATH}?match=*`);
      program.kill('SIGTERM');
      expect(await program.exit()).toEqual({ code: 0, signal: null });
      expect(await body.ended()).toBe('end');
    });
  });
}
