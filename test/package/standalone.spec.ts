import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { open, publish, send } from '../support/http-client.js';
import { KEY, legacyToken } from '../support/tokens.js';
import { run } from './run.js';

const ENVIRONMENT = {
  PORT: '0',
  MERCURE_ANONYMOUS: '1',
  MERCURE_PUBLISHER_JWT_KEY: KEY,
  MERCURE_SHUTDOWN_SPREAD: '0',
};
/** An installation from the registry, on a machine that is shared. */
const PATIENCE_MS = 160_000;

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mercure-empty-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a hub by a command, has it deliver an update, tells it to end, and resolves with its exit code. */
async function useHub(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: Record<string, string> = {},
): Promise<number | null> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...ENVIRONMENT, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = new Promise<number | null>((done) => child.once('close', done));
  const output = { stdout: '', stderr: '' };
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      output.stdout += chunk.toString();
      const [, printed] = /Mercure hub: (\S+)/.exec(output.stdout) ?? [];
      if (printed) resolve(printed);
    });
    void exited.then(() => reject(new Error(`It ended:\n${output.stdout}${output.stderr}`)));
  });
  const stream = await open(url, { query: { match: '*' } });
  const published = await publish(url, await legacyToken({ publish: ['*'] }), {
    topic: 'https://example.com/1',
    data: 'x',
  });
  expect(published.status).toBe(200);
  await stream.body.waitFor('data: x');
  expect((await send(new URL('/healthz', url).href)).status).toBe(200);
  child.kill('SIGTERM');
  const code = await exited;
  expect(await stream.body.ended()).toBe('end');
  return code;
}

describe('the program in the package', () => {
  it(
    'starts by npx in an empty directory, with no platform and no engine installed',
    { timeout: PATIENCE_MS },
    async () => {
      const directory = await emptyDirectory();
      // The exit code is npm's own, which a signal ends before the hub.
      await useHub('npx', ['--yes', '--package', inject('tarball'), 'nestjs-mercure'], directory);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it('is one file: it starts beside nothing', async () => {
    const directory = await emptyDirectory();
    await run('tar', ['-xzf', inject('tarball'), '-C', directory], directory);
    await mkdir(join(directory, 'alone/dist'), { recursive: true });
    for (const name of ['package.json', 'dist/standalone.js']) {
      await cp(join(directory, 'package', name), join(directory, 'alone', name));
    }
    expect(await useHub('node', ['dist/standalone.js'], join(directory, 'alone'))).toBe(0);
  });

  it('npm run hub runs what was built, and hands the signal on', async () => {
    const directory = await emptyDirectory();
    await run('tar', ['-xzf', inject('tarball'), '-C', directory], directory);
    expect(await useHub('npm', ['run', '--silent', 'hub'], join(directory, 'package'))).toBe(0);
  });

  it('only the bundle of it is packed, with the licenses of what is inside', async () => {
    const listed = await run('tar', ['-tzf', inject('tarball')], process.cwd());
    expect(listed).toContain('package/dist/standalone.js\n');
    expect(listed).toContain('package/dist/standalone.licenses.txt\n');
    expect(listed).not.toMatch(/dist\/(?:main\.|standalone\/)/);
  });
});

describe('the Dockerfile', () => {
  // No engine is needed for it: what the image is made by is run as it stands, on what a clean checkout has.
  it(
    'builds from a clean checkout, and what it starts is the hub',
    { timeout: 2 * PATIENCE_MS },
    async () => {
      const directory = await emptyDirectory();
      const checkout = join(directory, 'checkout');
      await run('git', ['clone', '--quiet', '--no-hardlinks', process.cwd(), checkout], directory);
      const dockerfile = await readFile(join(checkout, 'Dockerfile'), 'utf8');
      const [build, engines, final] = dockerfile.split(/^FROM .*$/m).slice(1) as [string, string, string];

      const stage = join(directory, 'build');
      await mkdir(stage);
      const ignore = await readFile(join(checkout, '.dockerignore'), 'utf8');
      const context = [...ignore.matchAll(/^!(.+)$/gm)].map(([, name]) => name!);
      for (const name of context) await cp(join(checkout, name), join(stage, name), { recursive: true });
      for (const [, command] of build.matchAll(/^RUN (.+)$/gm)) await run('sh', ['-c', command!], stage);

      const enginesStage = join(directory, 'engines');
      await mkdir(enginesStage);
      for (const [, name, as] of engines.matchAll(/^COPY (\S+) (\S+)$/gm)) {
        await cp(join(checkout, name!), join(enginesStage, as!));
      }
      for (const [, command] of engines.matchAll(/^RUN (.+)$/gm))
        await run('sh', ['-c', command!], enginesStage);

      const image = join(directory, 'image');
      for (const [, name, to] of final.matchAll(/^COPY --from=engines \/engines\/(\S+) (\S+)$/gm)) {
        await cp(join(enginesStage, name!), join(image, to!), { recursive: true });
      }
      for (const [, names, to] of final.matchAll(/^COPY --from=build (.+) (\S+)$/gm)) {
        for (const name of names!.split(' ')) {
          const file = name.replace('/hub/', '');
          await cp(join(stage, file), join(image, to!, file.split('/').at(-1)!));
        }
      }
      const [program, ...args] = JSON.parse(/^CMD (\[.+\])$/m.exec(final)![1]!) as [string, ...string[]];
      // The volume is a directory of this test's.
      const [, kept] = /^ENV TRANSPORT_URL=sqlite:\/\/\/data\/(\S+)$/m.exec(final)!;
      const url = `sqlite://${join(directory, kept!)}`;
      expect(await useHub(program, args, image, { TRANSPORT_URL: url })).toBe(0);
      expect(await readdir(directory)).toContain(kept);
      expect(final).toMatch(/^USER node$/m);
      expect(final).toMatch(/^EXPOSE 3000$/m);
    },
  );
});
