import { MercureError } from '../../../src/errors.js';

export const INVALID = { code: 'TOKEN_INVALID', status: 401, message: 'Unauthorized' };

/** The MercureError a promise rejects with; anything else is a failure of the test. */
export async function failure(promise: Promise<unknown>): Promise<MercureError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof MercureError) return error;
  throw new Error('expected a MercureError', { cause: error });
}

/** The same of a function. */
export function thrown(action: () => unknown): MercureError {
  try {
    action();
  } catch (error) {
    if (error instanceof MercureError) return error;
    throw new Error('expected a MercureError', { cause: error });
  }
  throw new Error('expected a MercureError');
}
