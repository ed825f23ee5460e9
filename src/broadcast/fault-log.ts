/** Where faults are told; Nest's Logger is one. */
export interface BroadcastLogger {
  warn(message: string): void;
  error(message: string): void;
}

/** A cause in a message (an id, a value) must not grow the memory of causes without end. */
const MAX_CAUSES = 1_000;
/** After which a cause that is still there is told again. Milliseconds. */
const AGAIN_MS = 60_000;

/**
 * Tells each cause once a minute, with how often it came since: a broken grant fails every write of an entity, and
 * the first line says it all; but next week's outage is another.
 */
export class FaultLog {
  readonly #told = new Map<string, { at: number; since: number }>();

  constructor(private readonly logger: BroadcastLogger) {}

  /** What cannot be told to followers, though nothing failed. */
  warn(message: string): void {
    const often = this.#tellNow(message);
    if (often !== undefined) this.logger.warn(message + often);
  }

  /** What failed: `what` names entity and operation, `remedy` what the reader can do about it. */
  error(what: string, cause: unknown, remedy: string): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const often = this.#tellNow(`${what}: ${reason}`);
    if (often !== undefined) this.logger.error(`${what}: ${reason}. ${remedy}${often}`);
  }

  /** Undefined: it was told. Else what to add about the times it was not. */
  #tellNow(cause: string): string | undefined {
    const now = performance.now();
    const told = this.#told.get(cause);
    if (told && now - told.at < AGAIN_MS) {
      told.since++;
      return undefined;
    }
    if (this.#told.size >= MAX_CAUSES) this.#told.clear();
    this.#told.set(cause, { at: now, since: 0 });
    return told && told.since > 0 ? ` (and ${told.since} times more since it was told)` : '';
  }
}
