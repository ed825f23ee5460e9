/**
 * Whether an origin is in a list. An entry is an origin, an origin with one `*` inside (`https://*.example.com`), or
 * `*` for all. Compared without case: scheme and host have none (RFC 6454 §4).
 *
 * @param origin as a browser sends it: scheme://host[:port], or `null`
 */
export function isOriginListed(origin: string, list: readonly string[]): boolean {
  const wanted = origin.toLowerCase();
  return list.some((entry) => matches(wanted, entry.toLowerCase()));
}

function matches(origin: string, entry: string): boolean {
  if (entry === '*') return true;
  const star = entry.indexOf('*');
  if (star === -1) return origin === entry;
  const before = entry.slice(0, star);
  const after = entry.slice(star + 1);
  if (!origin.startsWith(before) || !origin.endsWith(after)) return false;
  // Part of a host or a port, and not nothing: `https://*.example.com` is neither `https://.example.com` nor
  // `https://evil.test/.example.com`, which no browser sends and a forger may.
  return /^[^/?#@\\]+$/.test(origin.slice(before.length, origin.length - after.length));
}
