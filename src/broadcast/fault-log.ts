/** Where faults are told; Nest's Logger is one. */
export interface BroadcastLogger {
  warn(message: string): void;
  error(message: string): void;
}

/** A cause in a message (an id, a value) must not grow the memory of causes without end. */
const MAX_CAUSES = 1_000;

/** Tells each cause once: a broken grant fails every write of an entity, and the first line says it all. */
export class FaultLog {
  readonly #told = new Set<string>();

  constructor(private readonly logger: BroadcastLogger) {}

  /** What cannot be told to followers, though nothing failed. */
  warn(message: string): void {
    if (this.#isNew(message)) this.logger.warn(message);
  }

  /** What failed: `what` names entity and operation, `remedy` what the reader can do about it. */
  error(what: string, cause: unknown, remedy: string): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (this.#isNew(`${what}: ${reason}`)) this.logger.error(`${what}: ${reason}. ${remedy}`);
  }

  #isNew(cause: string): boolean {
    if (this.#told.has(cause)) return false;
    if (this.#told.size >= MAX_CAUSES) this.#told.clear();
    this.#told.add(cause);
    return true;
  }
}
