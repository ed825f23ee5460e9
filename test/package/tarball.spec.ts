import { readFile } from 'node:fs/promises';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, inject, it } from 'vitest';
import { run } from './run.js';

describe('the tarball', () => {
  it('holds the code, its types, and what a reader needs', async () => {
    const listed = (await run('tar', ['-tzf', inject('tarball')], process.cwd())).trim().split('\n');
    const outside = listed.filter((path) => !path.startsWith('package/dist/')).toSorted();
    expect(outside).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'docs/broadcast.md',
        'docs/deploy.md',
        'docs/options.md',
        'docs/redis.md',
        'docs/resources.md',
        'docs/service.md',
        'docs/standalone.md',
        'docs/transports.md',
        'package.json',
      ].map((name) => `package/${name}`),
    );
    expect(listed).toContain('package/dist/index.js');
    expect(listed).toContain('package/dist/index.d.ts');
    expect(listed.filter((path) => /\.(?:spec|map\.map)\.|tsbuildinfo/.test(path))).toEqual([]);
  });

  it('is what publint asks of a package', async () => {
    const { buffer } = await readFile(inject('tarball'));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, level: 'suggestion', strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  // node16 is the one resolution in which TypeScript does not know that CommonJS can require ESM.
  it('resolves to the same code and types everywhere but for node16 from CommonJS', async () => {
    await run('npx', ['attw', inject('tarball'), '--ignore-rules', 'cjs-resolves-to-esm'], process.cwd());
  });
});
