import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { LoadUpdate } from '../wire/load.js';
import type { Contestant, ContestantSettings } from './contestant.js';
import { CERTIFICATE } from './certificate.js';
import { chunk, event, FIRST_BYTES, Followers, STREAM_HEADERS, topicOfTarget } from './framed.js';

const HEAD = Object.entries(STREAM_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);

/**
 * The least that JavaScript can do for a delivery on Node: a socket of `node:net` for every client, a Buffer framed
 * once for all of them, one `write` each. No HTTP, no queue, nobody is let in or kept out.
 */
export class Floor implements Contestant {
  private readonly followers = new Followers<Socket>();

  constructor(private readonly tls: boolean) {}

  async listen({ port }: ContestantSettings): Promise<number> {
    const greet = (socket: Socket) => this.greet(socket);
    const server: Server = this.tls ? createTlsServer(CERTIFICATE, greet) : createServer(greet);
    server.listen(port, '127.0.0.1', 4096);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  publish(update: LoadUpdate): void {
    const frame = chunk(event(update));
    for (const socket of this.followers.of(update.topic)) socket.write(frame);
  }

  private greet(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.once('data', (request: Buffer) => {
      const topic = topicOfTarget(request.toString('latin1').split(' ', 2)[1]!);
      socket.write(`HTTP/1.1 200 OK\r\n${HEAD.join('')}Transfer-Encoding: chunked\r\n\r\n`);
      socket.write(chunk(FIRST_BYTES));
      this.followers.add(topic, socket);
      socket.once('close', () => this.followers.remove(topic, socket));
      // Read on, or the end of the connection would never be seen.
      socket.resume();
    });
  }
}
