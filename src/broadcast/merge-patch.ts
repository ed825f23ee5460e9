import { isDeepStrictEqual } from 'node:util';

/**
 * The JSON Merge Patch (RFC 7396) that makes one JSON object of another: what changed, with null for what is gone.
 *
 * @returns undefined where nothing changed
 */
export function mergePatch(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [before[name], now[name]];
    if (isDeepStrictEqual(was, is)) continue;
    patch[name] = isObject(was) && isObject(is) ? mergePatch(was, is) : (is ?? null);
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
