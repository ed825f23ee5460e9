import type { TLSSocket } from 'node:tls';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest } from '../sse/event-stream.js';

/**
 * `scheme://host` as clients see this application: `publicUrl`'s, else that of the entry of `publicUrls` whose host
 * was asked, else what the request itself says. Forwarded headers are not believed: anybody can send them, and the
 * audience of tokens hangs on this.
 */
export function requestOrigin(request: StreamRequest, options: ResolvedOptions): string {
  if (options.publicUrl) return new URL(options.publicUrl).origin;
  return publicOrigin(request, options.publicUrls) ?? ownOrigin(request);
}

/**
 * The origin of `publicUrls` that a request asks for. Its scheme is the entry's: behind a proxy that ends TLS, the
 * connection here has none.
 */
export function publicOrigin(request: StreamRequest, publicUrls: readonly string[]): string | undefined {
  const authority = authorityOf(request);
  return publicUrls
    .map((url) => new URL(url))
    .find(({ protocol, host }) => originOf(protocol, authority) === `${protocol}//${host}`)?.origin;
}

/** What the request says of itself. */
function ownOrigin(request: StreamRequest): string {
  const protocol = (request.socket as TLSSocket).encrypted ? 'https:' : 'http:';
  return originOf(protocol, authorityOf(request));
}

function authorityOf({ headers }: StreamRequest): string {
  return String(headers[':authority'] ?? headers.host ?? 'localhost').toLowerCase();
}

/** Without the scheme's default port (RFC 6454 §4); a host that is none stays as it was sent. */
function originOf(protocol: string, authority: string): string {
  const origin = `${protocol}//${authority}`;
  return URL.canParse(origin) ? new URL(origin).origin : origin;
}
