import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import type { PresenceEntry } from '../../../../src/transport/abilities.js';
import type { RedisTransportOptions } from '../../../../src/redis.js';
import { ByteLog } from '../../../support/byte-log.js';
import { buildProgram } from '../../../standalone/support/program.js';

/** Starts a process that is a node on Redis and joins entries; resolves when it has, with what kills it (`-9`). */
export async function spawnPresenceNode(
  options: RedisTransportOptions,
  entries: readonly PresenceEntry[],
): Promise<{ readonly kill: () => Promise<void> }> {
  const script = join(import.meta.dirname, 'presence-node.mjs');
  const compiled = join(dirname(buildProgram()), 'redis.js');
  const child = spawn(process.execPath, [script, compiled, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(entries));
  const said = new ByteLog();
  child.stdout.on('data', (chunk: Buffer) => said.add(chunk));
  child.once('exit', () => said.finish('end'));
  await said.waitFor('joined');
  return {
    kill: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
