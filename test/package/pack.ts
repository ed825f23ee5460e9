import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { run } from './run.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Outside the repository, so that nothing is found in its node_modules. Removed at the end. */
    directory: string;
    tarball: string;
  }
}

/** Builds and packs once, for every suite. */
export default async function pack(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'nestjs-mercure-package-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await run('npm', ['pack', '--pack-destination', directory], process.cwd());
  } catch (error) {
    await remove();
    throw error;
  }
  const [name] = await readdir(directory);
  project.provide('directory', directory);
  project.provide('tarball', join(directory, name!));
  return remove;
}
