import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The wall clock of processes that are started with it; their monotonic clock is the machine's. */
export interface WallClock {
  readonly environment: Record<string, string>;
  /** So many seconds before (negative) or after the machine's. */
  shift(seconds: number): void;
  /** It stands at a time, in whole seconds since 1970. */
  stopAt(seconds: number): void;
}

/** By libfaketime (Debian's package `faketime`), which stands between a process and the system's clock. */
export function wallClock(): WallClock {
  const directory = mkdtempSync(join(tmpdir(), 'mercure-clock-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'now');
  const set = (text: string): void => {
    // In one step: the process reads it at each look at its clock.
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
  };
  set('+0');
  return {
    environment: {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      TZ: 'UTC',
    },
    shift: (seconds) => set(`${seconds < 0 ? '' : '+'}${seconds}`),
    stopAt: (seconds) => set(new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')),
  };
}

function library(): string {
  for (const name of readdirSync('/usr/lib')) {
    const path = join('/usr/lib', name, 'faketime');
    if (readdirOrNone(path).includes('libfaketimeMT.so.1')) return join(path, 'libfaketimeMT.so.1');
  }
  throw new Error('libfaketime is not installed: apt-get install faketime');
}

function readdirOrNone(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
