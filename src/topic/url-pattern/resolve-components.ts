import { InvalidPattern } from '../automaton/invalid-pattern.js';
import {
  type ComponentPatterns,
  isDefaultPort,
  parseComponents,
  perComponent,
  type UrlComponents,
} from './components.js';

/**
 * Completes the patterns of the components (WHATWG URL Pattern, "process a URLPatternInit" and "create"): what comes
 * before the first one given is inherited from the base URL, literally; what is missing after it matches anything.
 * User name and password are never inherited.
 *
 * @throws InvalidPattern without a protocol and a base
 */
export function resolveComponents(given: ComponentPatterns, base?: string): UrlComponents {
  const result: ComponentPatterns = { ...given };
  // The separators that belong to a component may be written once too often.
  if (given.protocol?.endsWith(':')) result.protocol = given.protocol.slice(0, -1);
  if (given.search?.startsWith('?')) result.search = given.search.slice(1);
  if (given.hash?.startsWith('#')) result.hash = given.hash.slice(1);
  if (base !== undefined) {
    const url = parseComponents(base);
    if (url === undefined) throw new InvalidPattern('the base is no URL');
    inherit(result, given, url);
  }
  const complete = perComponent((name) => result[name] ?? '*');
  return isDefaultPort(complete.protocol, complete.port) ? { ...complete, port: '' } : complete;
}

/** In the order of a URL; an inherited component needs all before it to be inherited too. */
const INHERITED = ['protocol', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;

function inherit(result: ComponentPatterns, given: ComponentPatterns, base: UrlComponents): void {
  for (const name of INHERITED) {
    if (given[name] !== undefined) break;
    result[name] = escapePattern(base[name]);
  }
  const { pathname } = given;
  if (pathname === undefined || isAbsolute(pathname)) return;
  // Like a relative URL, a relative path begins in the directory of the base; an opaque path has none.
  if (!base.pathname.startsWith('/')) return;
  const directory = base.pathname.slice(0, base.pathname.lastIndexOf('/') + 1);
  result.pathname = escapePattern(directory) + pathname;
}

function isAbsolute(pathname: string): boolean {
  return pathname.startsWith('/') || pathname.startsWith('\\/') || pathname.startsWith('{/');
}

/** The pattern that matches just this text. */
function escapePattern(text: string): string {
  return text.replace(/[+*?:{}()\\]/g, '\\$&');
}
