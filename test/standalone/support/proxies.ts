import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TLS } from '../../e2e/helpers/tls.js';
import { unhung } from '../../support/byte-log.js';

const GUIDE = resolve(import.meta.dirname, '../../../docs/deploy.md');

/** The configuration the guide shows, as it stands there. */
export function shownConfiguration(language: string): string {
  const [, code] =
    new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(readFileSync(GUIDE, 'utf8')) ?? [];
  if (code === undefined) throw new Error(`docs/deploy.md shows no ${language}`);
  return code;
}

/** Whether a proxy is installed; said aloud where it is not, since its recipe is then not tested. */
export function isInstalled(name: 'nginx' | 'caddy'): boolean {
  try {
    execFileSync(name, [name === 'nginx' ? '-v' : 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn(`SKIPPED: ${name} is not installed, so its recipe in docs/deploy.md is not tested`);
    return false;
  }
}

export interface Proxy {
  readonly port: number;
  stop(): Promise<void>;
}

interface Place {
  readonly directory: string;
  readonly cert: string;
  readonly key: string;
  /** Of the proxy: for HTTPS, and for plain HTTP. */
  readonly port: number;
  readonly plainPort: number;
  readonly hubPort: string;
}

/** nginx as somebody sets it up who knows nothing of streams: it buffers, and speaks HTTP/1.0 to the hub. */
export function startPlainNginx(hubPort: string, directives: string): Promise<Proxy> {
  return startProxy(hubPort, (place) =>
    runNginx(
      place,
      `server { listen 127.0.0.1:${place.port};
        location / { proxy_pass http://127.0.0.1:${place.hubPort}; ${directives} } }`,
    ),
  );
}

export function startNginx(hubPort: string): Promise<Proxy> {
  return startProxy(hubPort, (place) => {
    const servers = replaced(shownConfiguration('nginx'), [
      ['listen 80;', `listen 127.0.0.1:${place.plainPort};`],
      ['listen 443 ssl http2;', `listen 127.0.0.1:${place.port} ssl http2;`],
      ['/etc/letsencrypt/live/hub.example.com/fullchain.pem', place.cert],
      ['/etc/letsencrypt/live/hub.example.com/privkey.pem', place.key],
      ['http://127.0.0.1:3000', `http://127.0.0.1:${hubPort}`],
    ]);
    return runNginx(place, servers);
  });
}

function runNginx(place: Place, servers: string): string[] {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${place.directory}/${name};`)
    .join('\n');
  const main = `daemon off; pid ${place.directory}/pid; error_log stderr warn; events {}
    http { access_log off; ${temporary}\n${servers} }`;
  return ['nginx', '-p', place.directory, '-e', 'stderr', '-c', write(place, 'nginx.conf', main)];
}

export function startCaddy(hubPort: string): Promise<Proxy> {
  return startProxy(hubPort, (place) => {
    const site = replaced(shownConfiguration('caddyfile'), [
      // What Caddy would get from an authority is given to it.
      [
        'hub.example.com {',
        `hub.example.com:${place.port} {\n\tbind 127.0.0.1\n\ttls ${place.cert} ${place.key}`,
      ],
      ['127.0.0.1:3000', `127.0.0.1:${hubPort}`],
    ]);
    const file = write(place, 'Caddyfile', `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
    return ['caddy', 'run', '--adapter', 'caddyfile', '--config', file];
  });
}

async function startProxy(hubPort: string, configure: (place: Place) => string[]): Promise<Proxy> {
  const directory = mkdtempSync(join(tmpdir(), 'mercure-proxy-'));
  const [port, plainPort] = await freePorts();
  const place: Place = { directory, cert: '', key: '', port, plainPort, hubPort };
  const cert = write(place, 'cert.pem', TLS.cert);
  const key = write(place, 'key.pem', TLS.key);
  const [command, ...args] = configure({ ...place, cert, key });
  const child = spawn(command!, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: directory },
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<void>((done) => child.once('close', () => done()));
  await unhung(
    reachable(port, child, () => log),
    () => `${command}: ${log}`,
  );
  return {
    port,
    stop: async () => {
      child.kill('SIGTERM');
      await unhung(exited, `the end of ${command}`);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function reachable(port: number, child: ChildProcess, log: () => string): Promise<void> {
  const { connect } = await import('node:net');
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The proxy ended: ${log()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  await Promise.all(
    servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port) as [number, number];
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** Only what is named is exchanged, and it must be there: the rest runs as the guide shows it. */
function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`docs/deploy.md no longer has: ${from}`);
    return result.replaceAll(from, to);
  }, text);
}

function write({ directory }: Place, name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}
