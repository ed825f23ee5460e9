import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import type { TestProject } from 'vitest/node';
import { run } from './run.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Outside the repository, so that nothing is found in its node_modules. Removed at the end. */
    directory: string;
    tarball: string;
  }
}

/** What a checkout has beside what it is built from. */
const LEFT_OUT = ['.git', 'coverage', 'dist', 'node_modules'];

/** Builds and packs once, for every suite: a copy, so that suites beside this one keep what is built here. */
export default async function pack(project: TestProject): Promise<() => Promise<void>> {
  const root = process.cwd();
  const directory = await mkdtemp(join(tmpdir(), 'nestjs-mercure-package-'));
  const copy = await mkdtemp(join(tmpdir(), 'nestjs-mercure-checkout-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  const isWanted = (path: string): boolean =>
    !LEFT_OUT.some((name) => relative(root, path).split(sep).includes(name));
  try {
    await cp(root, copy, { recursive: true, filter: isWanted });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    await run('npm', ['pack', '--pack-destination', directory], copy);
  } catch (error) {
    await remove();
    throw error;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  const [name] = await readdir(directory);
  project.provide('directory', directory);
  project.provide('tarball', join(directory, name!));
  return remove;
}
