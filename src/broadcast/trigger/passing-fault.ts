import { MercureError } from '../../errors.js';

/** Classes of SQLSTATE that stay: what the data is, what is granted and what is there. */
const LASTING = /^(?:22|23|42)/;

/**
 * Whether what failed may work when it is tried again. What would fail for ever must not hold up the rest: it is told
 * once, and left out.
 */
export function isPassing(error: unknown): boolean {
  if (error instanceof MercureError) return error.status >= 500;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) return false;
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  return !LASTING.test(String(driverError?.code ?? code));
}
