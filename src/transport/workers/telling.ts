import type { PresenceEntry } from '../abilities.js';
import type { ToTell } from './messages.js';

interface Open<Worker> {
  readonly message: ToTell;
  readonly told: () => void;
  worker: Worker | undefined;
}

/** What one worker says for all; should that one end before it has, another does. */
export class Telling<Worker> {
  readonly #open = new Map<number, Open<Worker>>();
  #count = 0;

  /** @param choose a worker that can tell; undefined: there is none now */
  constructor(
    private readonly choose: () => Worker | undefined,
    private readonly send: (worker: Worker, message: ToTell) => void,
  ) {}

  /** Resolves when it is told. */
  tell(tell: ToTell['tell'], entries: readonly PresenceEntry[]): Promise<void> {
    const number = ++this.#count;
    return new Promise((told) => {
      const open = { message: { tell, number, entries }, told, worker: undefined };
      this.#open.set(number, open);
      this.#give(open);
    });
  }

  /** A worker has told it. */
  told(number: number): void {
    this.#open.get(number)?.told();
    this.#open.delete(number);
  }

  /** There is a worker, for what there was none for. */
  begin(): void {
    this.#giveFrom(undefined);
  }

  /** A worker is no more. */
  gone(worker: Worker): void {
    this.#giveFrom(worker);
  }

  #giveFrom(worker: Worker | undefined): void {
    for (const open of this.#open.values()) if (open.worker === worker) this.#give(open);
  }

  #give(open: Open<Worker>): void {
    open.worker = this.choose();
    if (open.worker !== undefined) this.send(open.worker, open.message);
  }
}
