import {
  type Canonicalize,
  canonicalizeHash,
  canonicalizeHostname,
  canonicalizeIpv6Hostname,
  canonicalizeOpaquePathname,
  canonicalizePassword,
  canonicalizePathname,
  canonicalizePort,
  canonicalizeProtocol,
  canonicalizeSearch,
  canonicalizeUsername,
} from './canonicalize.js';
import type { Component } from './components.js';

/** What sets the components apart when a pattern string is read. */
export interface Syntax {
  /** The character that `:name` stops at; empty: none. */
  readonly delimiter: '' | '.' | '/';
  /** The character that, just before a group, belongs to the group: `/` in paths, so that `/:id?` is optional as a whole. */
  readonly prefix: '' | '/';
  readonly canonicalize: Canonicalize;
}

const SYNTAXES: Readonly<Record<Component, Syntax>> = {
  protocol: { delimiter: '', prefix: '', canonicalize: canonicalizeProtocol },
  username: { delimiter: '', prefix: '', canonicalize: canonicalizeUsername },
  password: { delimiter: '', prefix: '', canonicalize: canonicalizePassword },
  hostname: { delimiter: '.', prefix: '', canonicalize: canonicalizeHostname },
  port: { delimiter: '', prefix: '', canonicalize: canonicalizePort },
  pathname: { delimiter: '/', prefix: '/', canonicalize: canonicalizePathname },
  search: { delimiter: '', prefix: '', canonicalize: canonicalizeSearch },
  hash: { delimiter: '', prefix: '', canonicalize: canonicalizeHash },
};
const IPV6_HOSTNAME: Syntax = { ...SYNTAXES.hostname, canonicalize: canonicalizeIpv6Hostname };
const OPAQUE_PATHNAME: Syntax = { delimiter: '', prefix: '', canonicalize: canonicalizeOpaquePathname };

/** @param isOpaque whether paths have no hierarchy, as in `mailto:` and `urn:`; only asked for the pathname */
export function syntaxOf(name: Component, pattern: string, isOpaque = false): Syntax {
  if (name === 'pathname' && isOpaque) return OPAQUE_PATHNAME;
  if (name === 'hostname' && isIpv6(pattern)) return IPV6_HOSTNAME;
  return SYNTAXES[name];
}

function isIpv6(hostname: string): boolean {
  return hostname.length > 1 && /^(?:\[|\{\[|\\\[)/.test(hostname);
}
