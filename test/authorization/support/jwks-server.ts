import type { KeyObject } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';

export interface JwksServer {
  readonly url: string;
  /** Requests so far, to whatever path. */
  readonly hits: () => number;
  /** How it answers from now on. */
  serve(answer: (response: ServerResponse) => void): void;
  serveKeys(keys: Record<string, KeyObject>): void;
  close(): Promise<void>;
}

/** A real issuer on the loopback, whose fetches are counted. */
export async function startJwksServer(keys: Record<string, KeyObject> = {}): Promise<JwksServer> {
  let hits = 0;
  let answer: (response: ServerResponse) => void;
  const server = createServer((_request, response) => {
    hits++;
    answer(response);
  });
  const serve = (next: typeof answer): void => {
    answer = next;
  };
  const serveKeys = (named: Record<string, KeyObject>): void => {
    const body = JSON.stringify(jwksOf(named));
    serve((response) => response.setHeader('Content-Type', 'application/json').end(body));
  };
  serveKeys(keys);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    hits: () => hits,
    serve,
    serveKeys,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A set of public keys by their `kid`. */
export function jwksOf(named: Record<string, KeyObject>): { keys: object[] } {
  return {
    keys: Object.entries(named).map(([kid, key]) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' })),
  };
}
