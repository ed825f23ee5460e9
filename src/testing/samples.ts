import assert from 'node:assert/strict';
import { MercureError, type MercureErrorCode } from '../errors.js';
import type { Update } from '../update/update.js';

export function sample(id: string, fields: Partial<Update> = {}): Update {
  return { id, topics: ['https://example.com/t'], data: `data of ${id}`, private: false, ...fields };
}

/** `name-0`, `name-1`, … */
export function samples(name: string, count: number, fields: Partial<Update> = {}): Update[] {
  return Array.from({ length: count }, (_, index) => sample(`${name}-${index}`, fields));
}

export function idsOf(updates: readonly Update[]): string[] {
  return updates.map(({ id }) => id);
}

/** Compares long lists; the message has the first difference, not the lists. */
export function sameList(actual: readonly string[], expected: readonly string[], what: string): void {
  const length = Math.max(actual.length, expected.length);
  for (let index = 0; index < length; index++) {
    if (actual[index] === expected[index]) continue;
    const [got, wanted] = [actual[index], expected[index]].map((each) => JSON.stringify(each?.slice(0, 60)));
    assert.fail(
      `${what}: number ${index} of ${actual.length} is ${got}, not ${wanted} of ${expected.length}`,
    );
  }
}

/** What a promise rejects with, which must be a MercureError of this code. */
export async function refusal(promise: Promise<unknown>, code: MercureErrorCode): Promise<MercureError> {
  const outcome = await promise.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  assert(outcome instanceof MercureError, `refused with a MercureError: ${String(outcome)}`);
  assert.equal(outcome.code, code);
  return outcome;
}

/** A promise that is awaited later: until then its rejection is nobody's. */
export function held<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
