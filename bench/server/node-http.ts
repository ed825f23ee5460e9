import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { LoadUpdate } from '../wire/load.js';
import { CERTIFICATE } from './certificate.js';
import type { Contestant, ContestantSettings } from './contestant.js';
import { event, FIRST_BYTES, Followers, STREAM_HEADERS, topicOfTarget } from './framed.js';

type Stream = Pick<ServerResponse, 'write'>;

/** What one writes by hand: Node's own HTTP server, and `response.write` of one Buffer to everybody. */
export class NodeHttp implements Contestant {
  private readonly followers = new Followers<Stream>();

  constructor(private readonly http2: boolean) {}

  async listen({ port }: ContestantSettings): Promise<number> {
    const answer: RequestListener = (request, response) => this.answer(request.url!, response);
    const server = this.http2
      ? createSecureServer(CERTIFICATE, (request: Http2ServerRequest, response: Http2ServerResponse) =>
          // The two kinds of response agree in what is used here, but their types do not meet.
          this.answer(request.url, response as unknown as ServerResponse),
        )
      : createServer(answer);
    server.listen(port, '127.0.0.1', 4096);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  publish(update: LoadUpdate): void {
    const frame = Buffer.from(event(update));
    for (const response of this.followers.of(update.topic)) response.write(frame);
  }

  private answer(target: string, response: ServerResponse): void {
    const topic = topicOfTarget(target);
    response.writeHead(200, STREAM_HEADERS);
    response.write(FIRST_BYTES);
    this.followers.add(topic, response);
    response.once('close', () => this.followers.remove(topic, response));
  }
}
