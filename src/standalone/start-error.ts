import { MercureError } from '../errors.js';

/** Why the hub does not start: what is wrong, by the name its operator knows, and what to do about it. No values: some are secret. */
export function startError(fault: string, remedy: string): MercureError {
  return new MercureError('OPTIONS_INVALID', 500, `${fault}. ${remedy}`, remedy);
}
