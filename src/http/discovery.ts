import type { ResolvedOptions } from '../options/resolve-options.js';
import { encodeHeader } from './requested-cursor.js';

const DEFAULT_COOKIE = '__Secure-mercure_access_token';

/** What a discovery link may say beside the hub's URL (draft-dunglas-mercure-08, discovery). */
export interface DiscoveryHints {
  /** The newest dispatched id when the resource was read. */
  readonly lastEventId?: string;
  readonly contentType?: string;
  /** The event type of the updates to come. */
  readonly type?: string;
  /** URL of the JWK Set with the keys of encrypted updates (draft-dunglas-mercure-07; 08 leaves the exchange open). */
  readonly keySet?: string;
}

/** The value of a `Link` field that leads to the hub: absolute where `publicUrl` is known. */
export function discoveryLink(options: ResolvedOptions, hints: DiscoveryHints = {}): string {
  const target = options.publicUrl === undefined ? options.path : options.hubUrl.href;
  const attributes = {
    rel: 'mercure',
    'last-event-id': hints.lastEventId,
    type: hints.type,
    'content-type': hints.contentType,
    'key-set': hints.keySet,
    'cookie-name': options.cookieName === DEFAULT_COOKIE ? undefined : options.cookieName,
  };
  const said = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return `<${target}>${said.map(([name, value]) => `; ${name}=${quoted(value!)}`).join('')}`;
}

/** RFC 9110 §5.6.4. */
function quoted(value: string): string {
  return `"${encodeHeader(value).replace(/["\\]/g, '\\$&')}"`;
}
