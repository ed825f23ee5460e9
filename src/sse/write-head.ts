import type { ServerResponse } from 'node:http';
import type { StreamResponse } from './event-stream.js';

/**
 * Gives a response its head. In one go where nothing of others is on it: checking and storing each field costs as much
 * as writing them all, and what is stored stays as long as a stream does.
 */
export function writeHead(
  response: StreamResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.getHeaderNames().length === 0) {
    // The two kinds of response agree here, but their overloads do not meet in one type.
    (response as ServerResponse).writeHead(status, headers);
    return;
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status);
}
