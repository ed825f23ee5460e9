import { MercureError, type MercureErrorCode } from '../../errors.js';
import type { PresenceEntry } from '../abilities.js';
import type { Position, StartPoint, StoredUpdate } from '../transport.js';

/** One end of a line between two processes: messages arrive whole and in order, or the line is closed. */
export interface Line<In, Out> {
  send(message: Out): void;
  onMessage(take: (message: In) => void): void;
  /** Told once; a line that is closed already tells at once. */
  onClosed(closed: () => void): void;
}

/** What a worker asks the transport in the primary process. */
export interface Question {
  readonly number: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

/** The methods that cross the line by name; `close` ends with the worker. */
export const METHODS = [
  'hello',
  'start',
  'append',
  'locate',
  'earliest',
  'read',
  'appendOnce',
  'latest',
  'check',
  'join',
  'leave',
  'listPresence',
] as const;
export type Method = (typeof METHODS)[number];

/** What the transport in the primary is able to do. */
export interface Hello {
  readonly durability: 'process' | 'disk' | 'replicated';
  readonly abilities: readonly ('appendOnce' | 'latest')[];
}

export type FromWorker =
  /** Everything asked in one tick. */
  | { readonly ask: readonly Question[] }
  /** So many batches that were delivered have been taken over. */
  | { readonly taken: number }
  /** The number of what has been told. */
  | { readonly told: number };

export type ToWorker =
  | { readonly answer: number; readonly value?: unknown }
  | { readonly answer: number; readonly fault: Fault }
  | { readonly appended: readonly StoredUpdate[] }
  | { readonly gap: Position; readonly newest?: StartPoint['newest'] }
  | ToTell;

/** What one worker says for all: see `PresenceListener`. */
export interface ToTell {
  readonly tell: 'lost' | 'restored';
  readonly number: number;
  readonly entries: readonly PresenceEntry[];
}

/** An error that crosses the line. */
export interface Fault {
  readonly code: MercureErrorCode;
  readonly status: number;
  readonly message: string;
  readonly remedy: string;
}

export function faultOf(error: unknown): Fault {
  if (error instanceof MercureError) {
    const { code, status, message, remedy } = error;
    return { code, status, message, remedy };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'TRANSPORT_UNAVAILABLE', status: 503, message, remedy: 'Look into the log of the hub.' };
}

export function errorOf({ code, status, message, remedy }: Fault): MercureError {
  return new MercureError(code, status, message, remedy);
}
