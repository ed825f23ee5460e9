import { InvalidPattern } from '../automaton/invalid-pattern.js';

/**
 * How a piece of fixed text in a pattern becomes the form that the same text has in a parsed URL: percent-encoded,
 * in lower case where URLs are, dots resolved (WHATWG URL Pattern, "encoding callbacks"). The URL parser of the
 * platform does the work, so that patterns and topics can never disagree.
 *
 * @throws InvalidPattern where a URL could not hold the text
 */
export type Canonicalize = (value: string) => string;

const DUMMY = 'https://dummy.invalid/';

/** Text that is canonical wherever it stands; most pieces are, and setters of URL cost microseconds. */
const PLAIN = /^[\w.=&/-]*$/;
const PLAIN_PATH = /^[/A-Za-z0-9_-]*$/;

export function canonicalizeProtocol(value: string): string {
  if (value === '') return value;
  return parsed(`${value}://dummy.invalid/`).protocol.slice(0, -1);
}

export function canonicalizeUsername(value: string): string {
  const url = new URL(DUMMY);
  url.username = value;
  return url.username;
}

export function canonicalizePassword(value: string): string {
  const url = new URL(DUMMY);
  url.password = value;
  return url.password;
}

export function canonicalizeHostname(value: string): string {
  if (value === '') return value;
  // The host ends where the path, the query or the fragment would begin, and the parser drops tabs and line breaks.
  const host = value.replace(/[\t\n\r]/g, '').replace(/[/?#\\].*$/s, '');
  // Within brackets a colon belongs to an IPv6 address; outside it would begin a port, and `@` end a user name.
  if (host === '' || /[:@]/.test(host.replace(/\[[^\]]*\]/g, ''))) throw new InvalidPattern(HOST_ADVICE);
  return parsed(`https://${host}/`, HOST_ADVICE).hostname;
}

export function canonicalizeIpv6Hostname(value: string): string {
  if (!/^[0-9A-Fa-f[\]:]*$/.test(value)) throw new InvalidPattern(HOST_ADVICE);
  return value.toLowerCase();
}

export function canonicalizePort(value: string): string {
  if (value === '') return value;
  const digits = /^[0-9]+/.exec(value.replace(/[\t\n\r]/g, ''))?.[0];
  if (digits === undefined || Number(digits) > 65_535) {
    throw new InvalidPattern('a port is a number up to 65535');
  }
  return String(Number(digits));
}

export function canonicalizePathname(value: string): string {
  if (PLAIN_PATH.test(value)) return value;
  const url = new URL(DUMMY);
  if (value.startsWith('/')) {
    url.pathname = value;
    return url.pathname;
  }
  // This is a piece from the middle of a path. The setter would put a slash in front, and `/.` would be resolved.
  url.pathname = `/-${value}`;
  return url.pathname.slice(2);
}

export function canonicalizeOpaquePathname(value: string): string {
  if (PLAIN_PATH.test(value)) return value;
  // An opaque path ends at the query; the dashes keep its first and last character from being trimmed or resolved.
  const path = value.replace(/[?#].*$/s, '');
  return parsed(`data:-${path}-`).pathname.slice(1, -1);
}

export function canonicalizeSearch(value: string): string {
  if (PLAIN.test(value)) return value;
  const url = new URL(DUMMY);
  url.search = `?${value}`;
  return url.search.slice(1);
}

export function canonicalizeHash(value: string): string {
  if (PLAIN.test(value)) return value;
  const url = new URL(DUMMY);
  url.hash = `#${value}`;
  return url.hash.slice(1);
}

const HOST_ADVICE = 'a host name holds letters, digits, dots and hyphens, or an IPv6 address in brackets';

function parsed(
  value: string,
  advice = 'a scheme begins with a letter and holds letters, digits, "+", "-" and "."',
): URL {
  try {
    return new URL(value);
  } catch {
    throw new InvalidPattern(advice);
  }
}
