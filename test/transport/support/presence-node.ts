import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import type { PresenceEntry } from '../../../src/transport/abilities.js';
import type { RedisTransportOptions } from '../../../src/redis.js';
import type { TypeOrmTransportOptions } from '../../../src/typeorm.js';
import { ByteLog } from '../../support/byte-log.js';
import { buildProgram } from '../../standalone/support/program.js';

/** What makes its transport, and of what. */
type Made = { readonly redis: RedisTransportOptions } | { readonly typeOrm: TypeOrmTransportOptions };

/** Starts a process that is a node and joins entries; resolves when it has, with what kills it (`-9`). */
export async function spawnPresenceNode(
  made: Made,
  entries: readonly PresenceEntry[],
): Promise<{ readonly kill: () => Promise<void> }> {
  const script = join(import.meta.dirname, 'presence-node.mjs');
  const [[name, options]] = Object.entries(made) as [[string, unknown]];
  const compiled = join(dirname(buildProgram()), `${name.toLowerCase()}.js`);
  const child = spawn(process.execPath, [script, compiled, name, JSON.stringify(options)], {
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
