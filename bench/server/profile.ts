import { Session } from 'node:inspector/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const INTERVAL_MICROS = 200;
let session: Session | undefined;

/** Begins a CPU profile of this process. */
export async function startProfile(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROS });
  await session.post('Profiler.start');
}

/** Ends it and writes it to a file that Chrome's developer tools read. */
export async function writeProfile(path: string): Promise<void> {
  const { profile } = await session!.post('Profiler.stop');
  session!.disconnect();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(profile));
}
