import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An update for one of the streams, which are numbered in the order in which they came. */
type Write = (event: string, to: number) => void;

/** What a hub makes of its updates; the first is that of the benchmark's own look at it. */
export type Manners = (event: string, nth: number, streams: number, write: Write) => void;

export interface FakePeer {
  readonly url: string;
  close(): void;
}

export const honest: Manners = (event, _nth, streams, write) => {
  for (let to = 0; to < streams; to++) write(event, to);
};

/** The last stream gets the sixth update before the fifth. */
export function swapping(): Manners {
  let held = '';
  return (event, nth, streams, write) => {
    for (let to = 0; to < streams - 1; to++) write(event, to);
    if (nth === 4) held = event;
    else write(event, streams - 1);
    if (nth === 5) write(held, streams - 1);
  };
}

export const losing: Manners = (event, nth, streams, write) => {
  for (let to = 0; to < streams; to++) if (nth !== 4 || to > 0) write(event, to);
};

export const repeating: Manners = (event, nth, streams, write) => {
  honest(event, nth, streams, write);
  if (nth === 4) write(event, 0);
};

/** A hub as the benchmark sees one: everything goes to everybody who follows, as its manners are. */
export async function startFakePeer(manners: Manners | 'silent'): Promise<FakePeer> {
  const streams: ServerResponse[] = [];
  let count = 0;
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(':\n');
      streams.push(response);
      response.once('close', () => streams.splice(streams.indexOf(response), 1));
      return;
    }
    let body = '';
    request.on('data', (text: Buffer) => (body += text.toString()));
    request.on('end', () => {
      if (manners === 'silent') return;
      const data = new URLSearchParams(body).get('data')!;
      manners(`data: ${data}\n\n`, count++, streams.length, (event, to) => streams[to]!.write(event));
      response.end('urn:fake');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/.well-known/mercure`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
