/** `npm run test:fault` takes its time; `npm test` runs the same, shorter. */
export const IS_LONG = process.env['FAULT_RUNS'] === 'long';

export function longOr<T>(long: T, short: T): T {
  return IS_LONG ? long : short;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}
