import { MercureError } from '../../errors.js';

/** What a server answers to a call that it did not carry out and may carry out soon. */
const PASSING = /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|READONLY|UNBLOCKED)\b/;
/** What it answers for want of memory, disk or replicas: to be told at once. */
const REFUSING = /^(?:OOM|MISCONF|NOREPLICAS)\b/;
const DENIED = /^(?:NOAUTH|WRONGPASS|NOPERM|DENIED)\b|invalid (?:username-)?password|AUTH failed/i;

/** Whether the server answered, with an error: then what was asked was not done. */
export function isAnswer(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

export function isPassing(error: unknown): boolean {
  return isAnswer(error) && PASSING.test(error.message);
}

export function isRefusing(error: unknown): boolean {
  return isAnswer(error) && REFUSING.test(error.message);
}

/** Whether the server is a replica: what is connected to it should look for its master. */
export function isReadOnly(error: unknown): boolean {
  return isAnswer(error) && error.message.startsWith('READONLY');
}

export function isDenied(error: unknown): error is Error {
  return error instanceof Error && DENIED.test(error.message);
}

/** 503, of a hub that runs. */
export function unavailable(reason: string, cause?: unknown): MercureError {
  const remedy = `Try again: ${reason}.`;
  return new MercureError('TRANSPORT_UNAVAILABLE', 503, 'Service Unavailable', remedy, causeOf(cause));
}

/** What must be set right before a hub can start. */
export function invalid(fault: string, remedy: string, cause?: unknown): MercureError {
  return new MercureError('TRANSPORT_INVALID', 500, `${fault}. ${remedy}`, remedy, causeOf(cause));
}

/** Why a hub does not start although nothing is wrong with what it was given. */
export function away(failure: Error | undefined): MercureError {
  const remedy = 'Start the server, or correct the host and port of its URL.';
  const fault = `Redis does not answer${failure ? ` (${firstWords(failure)})` : ''}`;
  return new MercureError('TRANSPORT_UNAVAILABLE', 503, `${fault}. ${remedy}`, remedy, causeOf(failure));
}

/** The engine's errors carry the command with its arguments: passwords, data of updates. */
function causeOf(cause: unknown): ErrorOptions | undefined {
  if (!(cause instanceof Error)) return undefined;
  return { cause: cause instanceof MercureError ? cause : new Error(firstWords(cause)) };
}

/** An error's code or first words, without what a script or a command may quote. */
export function firstWords(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return (
    error.message
      .replaceAll(/['"`].*/gs, '')
      .trim()
      .slice(0, 120) ||
    (code ?? error.name)
  );
}
