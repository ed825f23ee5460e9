import { type Observable, Subject } from 'rxjs';
import type { StoredUpdate } from '../transport/transport.js';
import type { Update } from '../update/update.js';

/** Code of the application that follows every update. */
export class Observers {
  private readonly accepted = new Subject<Update>();
  private readonly untold: StoredUpdate[] = [];
  private telling = false;

  get updates$(): Observable<Update> {
    return this.accepted.asObservable();
  }

  tell(batch: readonly StoredUpdate[]): void {
    if (!this.accepted.observed) return;
    // An observer may publish in turn: that update comes after this batch, for every observer.
    this.untold.push(...batch);
    if (this.telling) return;
    this.telling = true;
    for (let next = this.untold.shift(); next; next = this.untold.shift()) this.accepted.next(next.update);
    this.telling = false;
  }

  complete(): void {
    this.accepted.complete();
  }
}
