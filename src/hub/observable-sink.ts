import type { MessageEvent } from '@nestjs/common';
import type { Subscriber as Observer } from 'rxjs';
import { type Frame, gapDocument } from '../sse/frame.js';
import type { Sink } from '../sse/sink.js';
import type { Update } from '../update/update.js';

/** A subscriber inside the application: updates as the message events that a Nest `@Sse()` handler returns. */
export class ObservableSink implements Sink {
  constructor(private readonly observer: Observer<MessageEvent>) {}

  send({ updates, gap }: Frame): void {
    for (const update of updates) this.observer.next(messageOf(update));
    // An id on every event: Nest numbers those without, and clients would come back asking for "1".
    if (gap) {
      this.observer.next({ type: 'mercure', id: gap.lastEventId ?? 'earliest', data: gapDocument(gap) });
    }
  }

  queuedBytes(): number {
    return 0;
  }

  progress(): number {
    return 0;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.observer.complete();
  }

  destroy(): void {
    this.observer.complete();
  }
}

function messageOf({ id, type, data, retry }: Update): MessageEvent {
  return { id, data, ...(type ? { type } : undefined), ...(retry ? { retry } : undefined) };
}
