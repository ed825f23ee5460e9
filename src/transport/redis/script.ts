import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';

/** A connection of ioredis, to one server or to a cluster. */
export type Client = Redis | Cluster;

/** A Lua script: sent by its digest, and whole where the server does not know it yet. */
export class Script<Answer> {
  private readonly digest: string;

  constructor(private readonly source: string) {
    this.digest = createHash('sha1').update(source).digest('hex');
  }

  async run(client: Client, keys: readonly string[], args: readonly (string | number)[]): Promise<Answer> {
    try {
      return (await client.evalsha(this.digest, keys.length, ...keys, ...args)) as Answer;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return (await client.eval(this.source, keys.length, ...keys, ...args)) as Answer;
    }
  }
}
