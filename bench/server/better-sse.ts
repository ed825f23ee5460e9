import { type Channel, createChannel, createSession } from 'better-sse';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LoadUpdate } from '../wire/load.js';
import type { Contestant, ContestantSettings } from './contestant.js';

/** better-sse on `node:http`: a session for every client, all in one channel. */
export class BetterSse implements Contestant {
  private readonly channel: Channel = createChannel();

  async listen({ port }: ContestantSettings): Promise<number> {
    // The data is text already, for it as for all others.
    const options = { serializer: String, keepAlive: null };
    const server = createServer((request, response) => {
      void createSession(request, response, options).then((session) => this.channel.register(session));
    });
    server.listen(port, '127.0.0.1', 4096);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  publish({ data }: LoadUpdate): void {
    this.channel.broadcast(data);
  }
}
