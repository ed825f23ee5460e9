import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest } from '../sse/event-stream.js';
import type { Place } from './allowed-methods.js';
import { subscriptionsRoot } from './subscription-update.js';

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i;

/**
 * Where a request leads: to one of the hub's places, to nothing below the hub (`below`), or elsewhere. Paths are
 * compared as they were sent, undecoded and not cleaned; another spelling that a router would take for the hub's (other
 * case, needless escapes) is nothing of it, or it would be a way around everything that is decided here.
 *
 * @param metadataPath undefined: there is no metadata
 */
export function placeOf(
  url: string,
  metadataPath: string | undefined,
  { path, subscriptions }: Pick<ResolvedOptions, 'path' | 'subscriptions'>,
): Place | 'below' | 'elsewhere' {
  const query = url.indexOf('?');
  const target = query === -1 ? url : url.slice(0, query);
  if (target === path) return 'hub';
  if (target === metadataPath) return 'metadata';
  if (target.startsWith(`${path}/`)) {
    const root = subscriptionsRoot(path);
    return subscriptions && (target === root || target.startsWith(`${root}/`)) ? 'subscriptions' : 'below';
  }
  const meant = `${plain(target)}/`;
  return meant.startsWith(`${path.toLowerCase()}/`) ? 'below' : 'elsewhere';
}

/**
 * Brings a request target to the form all others have (RFC 9112 §3.2): of an absolute one, the authority counts as the
 * host that is asked; a fragment is not sent by clients, and means nothing.
 */
export function normaliseTarget(request: StreamRequest): void {
  const url = request.url ?? '/';
  if (url.startsWith('/') && !url.includes('#')) return;
  const authority = ABSOLUTE_FORM.exec(url);
  const fragment = url.indexOf('#');
  if (!authority && fragment === -1) return;
  const [prefix = '', host] = authority ?? [];
  const target = url.slice(prefix.length, fragment === -1 ? undefined : fragment);
  request.url = target.startsWith('/') ? target : `/${target}`;
  if (host !== undefined) request.headers.host = host;
}

function plain(target: string): string {
  try {
    return decodeURIComponent(target).toLowerCase();
  } catch {
    return target.toLowerCase();
  }
}
