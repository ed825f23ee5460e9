import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { type AddressInfo, connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/standalone/variables.js';
import { TLS } from '../e2e/helpers/tls.js';
import { ByteLog } from '../support/byte-log.js';
import { bearer, legacyToken, modernToken, KEY } from '../support/tokens.js';
import { dataOf, form, open, publish, send } from '../support/http-client.js';
import { buildProgram, programs } from './support/program.js';

// A compiler and a bundler, on machines that are shared.
beforeAll(() => void buildProgram(), 120_000);

const start = programs();
/** Any free port, and streams that end at once: what most tests want. */
const QUICK = { PORT: '0', MERCURE_SHUTDOWN_SPREAD: '0' };
const KEYED = { ...QUICK, MERCURE_PUBLISHER_JWT_KEY: KEY, MERCURE_SUBSCRIBER_JWT_KEY: KEY };
const TOPIC = 'https://example.com/books/1';

/** Until it has stopped listening: the signal was heard. */
async function refused(url: string): Promise<void> {
  const reached = () =>
    send(url).then(
      ({ status }) => String(status),
      (error: Error) => (error as NodeJS.ErrnoException).code,
    );
  await expect.poll(reached, { timeout: 20_000 }).toBe('ECONNREFUSED');
}

describe('the program starts', () => {
  it('prints its URL, its generations, its transport, and no warning where nothing is to be warned of', async () => {
    const program = start(KEYED);
    const url = await program.url();
    expect(url).toMatch(/^http:\/\/localhost:\d+\/\.well-known\/mercure$/);
    expect(program.stdout.text).toContain('generations: 1.0 and 0.x');
    expect(program.stdout.text).toContain('transport:   memory');
    expect(program.stderr.text).toBe('');
  });

  it('warns of a short key by the name of its variable, once, and does not show it', async () => {
    const program = start({ ...QUICK, JWT_KEY: '!ChangeMe!' });
    await program.url();
    expect(program.stderr.text).toMatch(/^warning: The secret of JWT_KEY is shorter than 32 bytes.*\n$/);
    expect(program.stdout.text + program.stderr.text).not.toContain('!ChangeMe!');
  });

  it('serves both generations, with the issuer of the documentation', async () => {
    const program = start(KEYED);
    const url = await program.url();
    const signing = { claims: { iss: 'https://localhost', aud: url } };
    const old = await open(url, {
      query: { topic: TOPIC },
      headers: bearer(await legacyToken({ subscribe: [TOPIC] })),
    });
    const modern = await open(url, {
      query: { match: TOPIC },
      headers: bearer(await modernToken({ subscribe: [TOPIC] }, signing)),
    });
    expect([old.status, modern.status]).toEqual([200, 200]);

    const fields = { topic: TOPIC, private: 'on' };
    const first = await publish(url, await legacyToken({ publish: ['*'] }), { ...fields, data: 'old' });
    const second = await publish(url, await modernToken({ publish: [TOPIC] }, signing), {
      ...fields,
      data: 'new',
    });
    expect([first.status, second.status]).toEqual([200, 200]);
    for (const stream of [old, modern]) {
      expect(dataOf(await stream.body.waitFor('new'))).toEqual(['old', 'new']);
    }
    old.abort();
    modern.abort();
  });

  it('reads directives', async () => {
    const program = start({
      ...QUICK,
      MERCURE_EXTRA_DIRECTIVES: `publisher_jwt "${KEY}"\nanonymous\ncors_origins https://app.test`,
    });
    const url = await program.url();
    const preflight = await send(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.test', 'access-control-request-method': 'GET' },
    });
    expect(preflight.headers['access-control-allow-origin']).toBe('https://app.test');
  });

  it('answers /healthz, and --health asks it', async () => {
    const program = start(KEYED);
    const { origin, port } = new URL(await program.url());
    expect(await send(`${origin}/healthz`)).toMatchObject({ status: 200, text: 'ok\n' });
    expect((await send(`${origin}/healthz`, { method: 'HEAD' })).status).toBe(200);

    const healthy = start({ PORT: port }, ['--health']);
    expect(await healthy.exit()).toEqual({ code: 0, signal: null });
    program.kill('SIGKILL');
    await program.exit();
    const gone = start({ PORT: port }, ['--health']);
    expect((await gone.exit()).code).toBe(1);
  });

  it('several run at once in one directory', async () => {
    const urls = await Promise.all([start(KEYED), start(KEYED)].map((program) => program.url()));
    expect(new Set(urls).size).toBe(2);
  });
});

describe('the program ends', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s with open streams ends them and exits 0', async (signal) => {
    const program = start({ ...QUICK, MERCURE_ANONYMOUS: '1' });
    const url = await program.url();
    const streams = await Promise.all([1, 2, 3].map(() => open(url, { query: { match: '*' } })));
    // An idle connection that is kept alive must not hold it.
    await fetch(new URL('/healthz', url)).then((response) => response.text());
    program.kill(signal);
    expect(await program.exit()).toEqual({ code: 0, signal: null });
    for (const stream of streams) expect(await stream.body.ended()).toBe('end');
    expect(program.stderr.text).toBe('');
  });

  it('answers a publication under way, and does not wait for one that never ends', async () => {
    const program = start(KEYED);
    const url = await program.url();
    const token = await legacyToken({ publish: ['*'] });
    const body = form({ topic: TOPIC, data: 'last' });
    const head = `POST /.well-known/mercure HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n`;
    const type = 'Content-Type: application/x-www-form-urlencoded\r\n';
    const posts = [1, 2].map(() => {
      const socket = connectSocket(Number(new URL(url).port));
      socket.write(`${head}${type}Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`);
      const answer = new ByteLog();
      socket.on('data', (chunk: Buffer) => answer.add(chunk));
      socket.once('close', () => answer.finish('end'));
      socket.on('error', () => undefined);
      return { socket, answer };
    });
    // Told to go on, both are under way.
    for (const { answer } of posts) await answer.waitFor('100 Continue');
    program.kill('SIGTERM');
    await refused(url);
    posts[0]!.socket.write(body);
    // Stored or not, it is told which: this one came too late.
    expect(await posts[0]!.answer.waitFor('try again')).toMatch(/HTTP\/1\.1 503 .*^Retry-After: /ms);
    expect(await program.exit()).toEqual({ code: 0, signal: null });
    await posts[1]!.answer.ended();
  });

  it('is over at the second signal, whatever it still waits for', async () => {
    const program = start({ PORT: '0', MERCURE_ANONYMOUS: '1', MERCURE_SHUTDOWN_SPREAD: '600s' });
    const url = await program.url();
    const streams = await Promise.all([1, 2, 3].map(() => open(url, { query: { match: '*' } })));
    program.kill('SIGTERM');
    await refused(url);
    program.kill('SIGTERM');
    expect(await program.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    for (const stream of streams) await stream.body.ended();
  });
});

describe('HTTPS by files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mercure-'));
  const files = { CERT_FILE: join(directory, 'cert.pem'), KEY_FILE: join(directory, 'key.pem') };
  writeFileSync(files.CERT_FILE, TLS.cert);
  writeFileSync(files.KEY_FILE, TLS.key);
  afterAll(() => rmSync(directory, { recursive: true }));

  it('speaks HTTP/2 and HTTP/1.1, answers its health check, and SIGTERM ends the streams of both', async () => {
    const program = start({ ...KEYED, ...files, MERCURE_ANONYMOUS: '1' });
    const url = await program.url();
    expect(url).toMatch(/^https:\/\/localhost:\d+\//);

    const session = connect(url, { rejectUnauthorized: false });
    const { pathname, port } = new URL(url);
    const stream = session.request({ ':path': `${pathname}?match=*` });
    const body = new ByteLog();
    stream.on('data', (chunk: Buffer) => body.add(chunk));
    stream.once('end', () => body.finish('end'));
    const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
    expect(headers[':status']).toBe(200);

    const second = await open(url, { query: { topic: '*' } });
    expect(second.status).toBe(200);
    await publish(url, await legacyToken({ publish: ['*'] }), { topic: TOPIC, data: 'both' });
    await body.waitFor('data: both');
    await second.body.waitFor('data: both');

    const health = start({ PORT: port, ...files }, ['--health']);
    expect((await health.exit()).code).toBe(0);

    program.kill('SIGTERM');
    expect(await program.exit()).toEqual({ code: 0, signal: null });
    expect(await body.ended()).toBe('end');
    expect(await second.body.ended()).toBe('end');
    session.destroy();
  });
});

describe('what is wrong ends it before it listens', () => {
  it.each<[Record<string, string>, RegExp]>([
    [{}, /^error: Nobody could subscribe.* MERCURE_ANONYMOUS=1\.\n$/],
    [{ ...KEYED, MERCURE_HEARTBEAT: 'often' }, /^error: Invalid MERCURE_HEARTBEAT\. It must be a duration/],
    [
      { ...KEYED, MERCURE_ANONYMUS: '1' },
      /^error: Unknown variable MERCURE_ANONYMUS\. Did you mean MERCURE_ANONYMOUS\?\n$/,
    ],
    [{ ...KEYED, MERCURE_TRANSPORT_URL: 'bolt://x.db' }, /^error: Invalid MERCURE_TRANSPORT_URL.*import/],
    [
      { ...KEYED, MERCURE_EXTRA_DIRECTIVES: 'cors_origin *' },
      /line 1: unknown directive "cors_origin".*"cors_origins"/,
    ],
    // What only the hub itself can find is told by the names of variables as well.
    [
      { ...KEYED, MERCURE_PUBLISHER_JWT_ALG: 'RS256' },
      /^error: The key of MERCURE_PUBLISHER_JWT_KEY cannot be used with RS256\..*JWT_ALG/,
    ],
    [
      { ...KEYED, MERCURE_COOKIE_NAME: 'a b' },
      /^error: Invalid MERCURE_COOKIE_NAME\. It must be a cookie name\.\n$/,
    ],
    [
      { ...QUICK, MERCURE_SUBSCRIBER_JWKS_URL: 'http://keys.test/' },
      /^error: The "jwksUrl" of MERCURE_SUBSCRIBER_JWKS_URL is not an acceptable URL/,
    ],
  ])('%j', async (environment, message) => {
    const program = start(environment);
    expect(await program.exit()).toEqual({ code: 1, signal: null });
    expect(program.stderr.text).toMatch(message);
    expect(program.stderr.text).not.toContain('    at ');
    expect(program.stdout.text).toBe('');
  });

  it('a port in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '::', resolve));
    const program = start({ ...KEYED, PORT: String((server.address() as AddressInfo).port) });
    expect((await program.exit()).code).toBe(1);
    expect(program.stderr.text).toMatch(/^error: Listening on port \d+ fails: it is in use\. Set PORT/);
    server.close();
  });

  it('an unknown variable further off is a warning only', async () => {
    const program = start({ ...KEYED, MERCURE_FAVOURITE_COLOUR: 'blue' });
    await program.url();
    expect(program.stderr.text).toMatch(
      /^warning: MERCURE_FAVOURITE_COLOUR is not read.*nearest is MERCURE_/,
    );
  });

  it('an unknown argument', async () => {
    const program = start(KEYED, ['--port', '80']);
    expect((await program.exit()).code).toBe(1);
    expect(program.stderr.text).toMatch(/^error: Unknown argument\..*--help/);
  });
});

describe('--help', () => {
  it.each(['--help', '-h'])('%s lists every variable with unit, default and meaning', async (argument) => {
    const program = start({}, [argument]);
    expect((await program.exit()).code).toBe(0);
    for (const { name, aliases, unit, fallback, meaning } of VARIABLES) {
      expect(program.stdout.text).toContain(`${name}  (${unit}; default: ${fallback})`);
      expect(program.stdout.text).toContain(meaning);
      for (const alias of aliases) expect(program.stdout.text).toContain(alias);
    }
  });
});

it('--version is that of the package', async () => {
  const program = start({}, ['--version']);
  expect((await program.exit()).code).toBe(0);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(program.stdout.text).toBe(`${version}\n`);
});
