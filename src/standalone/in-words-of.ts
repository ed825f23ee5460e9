import { MercureError } from '../errors.js';
import type { EnvironmentSettings } from './read-environment.js';
import { inVariables } from './variable-names.js';

/** Faults that only the hub can find are told by the names of options. */
export async function inWordsOf<T>({ sources }: EnvironmentSettings, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof MercureError)) throw error;
    const { code, status, message, remedy } = error;
    throw new MercureError(code, status, inVariables(message, sources), inVariables(remedy, sources), {
      cause: error,
    });
  }
}
