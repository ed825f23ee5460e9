import { readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from './engine.js';
import { withPrefix } from './prefix.js';

/** `f_type` of tmpfs (statfs(2)). */
const IN_MEMORY = 0x01021994;

/** The file of a hub. */
export function fileOf(hub: string): string {
  return join(tmpdir(), nameOf(hub));
}

function nameOf(hub: string): string {
  return `mercure-bench-${hub}.db`;
}

export const sqlite: Engine = {
  title: 'SQLite',
  place: `a file in ${tmpdir()} (TMPDIR)`,
  url: (hub) => withPrefix(`sqlite://${fileOf(hub)}`, hub),
  answer: () => import('libsql').then(() => undefined),
  unsynced: () => {
    const isInMemory = statfsSync(tmpdir()).type === IN_MEMORY;
    return Promise.resolve(isInMemory ? `${tmpdir()} is memory, not a disk` : undefined);
  },
  clear: (hub) => {
    // With its log and lock beside it.
    const names = readdirSync(tmpdir()).filter((name) => name.startsWith(nameOf(hub)));
    for (const name of names) rmSync(join(tmpdir(), name), { force: true });
    return Promise.resolve();
  },
};
