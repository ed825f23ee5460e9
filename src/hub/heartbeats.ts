import { Frame } from '../sse/frame.js';
import type { Subscriber } from '../subscriber/subscriber.js';
import type { Dispatcher } from './dispatcher.js';

/** Signs of life, and the cursors they carry. */
export class Heartbeats {
  /** One frame for all who are told the same. */
  private last: { readonly cursor: string | undefined; readonly frame: Frame } = {
    cursor: undefined,
    frame: Frame.ofBeat(undefined),
  };

  constructor(private readonly dispatcher: Dispatcher) {}

  /**
   * When public updates went by that were not for this stream, it moves the client's cursor past them, so that a quiet
   * stream does not fall out of a bounded history without having missed anything.
   */
  beat(subscriber: Subscriber, now: number): void {
    const cursor = this.newerCursor(subscriber);
    if (this.last.cursor !== cursor?.id) this.last = { cursor: cursor?.id, frame: Frame.ofBeat(cursor?.id) };
    subscriber.send(this.last.frame, cursor?.count ?? subscriber.told, now);
  }

  /** The same at a planned end, where there is a cursor to tell. */
  beatLast(subscriber: Subscriber): void {
    if (this.newerCursor(subscriber)) this.beat(subscriber, performance.now());
  }

  private newerCursor(subscriber: Subscriber): Dispatcher['publicCursor'] {
    const cursor = this.dispatcher.publicCursor;
    return subscriber.liveAfter !== Infinity && cursor && cursor.count > subscriber.told ? cursor : undefined;
  }
}
