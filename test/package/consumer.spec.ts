import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { run } from './run.js';

const NESTS = [
  { nest: '12.5.1', fastify: '12.5.0', typescript: '6.0.3' },
  { nest: '11.2.10', fastify: '11.2.8', typescript: '5.9.3' },
];

const COMMONJS = ['--module', 'commonjs', '--moduleResolution', 'node10'];

/** How applications are compiled; TypeScript tells ESM and CommonJS apart by the extension. */
const MODULES = [
  { name: 'ESM, nodenext', source: 'app.mts', output: 'app.mjs', flags: ['--module', 'nodenext'] },
  { name: 'CommonJS, nodenext', source: 'app.cts', output: 'app.cjs', flags: ['--module', 'nodenext'] },
  { name: 'CommonJS, node10', source: 'app.ts', output: 'app.js', flags: COMMONJS },
];

describe.each(NESTS)('an application on Nest $nest', ({ nest, fastify, typescript }) => {
  const directory = join(inject('directory'), `nest-${nest}`);

  beforeAll(async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'package.json'), '{ "private": true }');
    const packages = [
      ...['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@${nest}`),
      `@nestjs/platform-fastify@${fastify}`,
      `typescript@${typescript}`,
      'reflect-metadata@0.2',
      'rxjs@7',
      '@types/node@20',
      '@types/express@5',
    ];
    await run('npm', ['install', '--no-audit', '--no-fund', inject('tarball'), ...packages], directory);
  });

  it('installs none of the engines, which are optional', async () => {
    const installed = await readdir(join(directory, 'node_modules'));
    expect(installed).toContain('nestjs-mercure');
    expect(installed).not.toContain('typeorm');
    expect(installed).not.toContain('ioredis');
  });

  describe.each(MODULES)('as $name', ({ source, output, flags }) => {
    // The types of the package, and of all it reaches, are checked too (skipLibCheck is off by default).
    it('compiles', async () => {
      await copyFile('test/package/consumer/app.ts', join(directory, source));
      const language = ['--target', 'es2023', '--strict', '--esModuleInterop', '--noEmitOnError'];
      const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata'];
      const old = flags === COMMONJS && typescript.startsWith('6') ? ['--ignoreDeprecations', '6.0'] : [];
      const tsc = join('node_modules', '.bin', 'tsc');
      await run(tsc, [...language, ...decorators, ...flags, ...old, source], directory);
    });

    it.each(['express', 'fastify'])('publishes, delivers and closes on %s', async (adapter) => {
      const said = await run(process.execPath, [output, adapter], directory);
      expect(said).toContain('rel="mercure"');
      expect(said).toContain('data: {"title":"Dune"}\n');
    });
  });
});
