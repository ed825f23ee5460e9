import { Frame, type Gap } from '../sse/frame.js';
import type { Subscriber } from '../subscriber/subscriber.js';
import type { Matcher } from '../topic/matcher.js';
import type { Cursor, Position, Transport } from '../transport/transport.js';
import type { Dispatcher } from './dispatcher.js';
import type { Replays } from './replays.js';

/** Pause between two tries to read the history while the transport is away. Milliseconds. */
const RETRY_MS = 1000;

export interface CatchUpContext {
  readonly transport: Transport;
  readonly dispatcher: Dispatcher;
  readonly replays: Replays;
  readonly hubUrl: URL;
  readonly gapEvents: boolean;
}

/**
 * Brings a subscriber from its cursor to the live updates without a queue: pages of the history, each written and
 * drained before the next is read, until its position is the dispatched one; then it goes live in that same tick.
 */
export async function catchUp(
  subscriber: Subscriber,
  requested: string,
  cursor: Cursor,
  context: CatchUpContext,
): Promise<void> {
  const { dispatcher, transport, replays } = context;
  if (!cursor.found) {
    goLiveAfterGap(subscriber, requested, cursor.reason, context);
    return;
  }
  let position = cursor.position;
  /** Where the client stands: the only ids told are those it asked for or was sent. */
  let reached = requested;
  /** Updates read since the last one that was sent: so far back its own last id is, in this node's count. */
  let unsent = 0;
  while (position !== dispatcher.position) {
    const from = position;
    const page = await whileOpen(subscriber, () => transport.read(from, dispatcher.position));
    if (subscriber.closed) return;
    if (!page || (page.presenceDropped && mayFollowPresence(subscriber, context.hubUrl))) {
      goLiveAfterGap(subscriber, reached, 'expired', context);
      return;
    }
    // Acknowledged by the transport and not dispatched yet, by this node or at all: its turn comes.
    if (page.end === position) await dispatcher.moved();
    const { frame, lastId, rest } = await replays.of(subscriber.audience, from, page);
    if (frame && !subscriber.closed) subscriber.send(frame, subscriber.told, performance.now());
    await subscriber.sink?.drained();
    if (subscriber.closed) return;
    position = page.end;
    reached = lastId ?? reached;
    unsent = frame ? rest : unsent + rest;
  }
  subscriber.told = dispatcher.count - unsent;
  dispatcher.goLive(subscriber);
}

/**
 * Asks the transport until it answers or the subscriber is closed (then undefined). While it is away the stream
 * stays open, kept by heartbeats: any answer but 200 would end an EventSource for good.
 */
export async function whileOpen<T>(subscriber: Subscriber, ask: () => Promise<T>): Promise<T | undefined> {
  while (!subscriber.closed) {
    try {
      return await ask();
    } catch {
      await new Promise((resume) => setTimeout(resume, RETRY_MS).unref());
    }
  }
  return undefined;
}

/** Resolves where a requested cursor stands. `earliest` means everything kept. */
export async function locateCursor(requested: string, transport: Transport): Promise<Cursor> {
  if (requested !== 'earliest') return transport.locate(requested);
  const position: Position = await transport.earliest();
  return { found: true, position };
}

/**
 * Whether events about subscriptions could be for this subscriber. Of patterns it is not worked out: a gap that is
 * told and was none costs a read, one that was and is not told costs the client its picture.
 */
function mayFollowPresence({ audience }: Subscriber, { pathname }: URL): boolean {
  const reach = ({ compiled: { matcher } }: { compiled: { matcher: Matcher } }) =>
    matcher.type !== 'exact' || matcher.pattern.startsWith(`${pathname}/`);
  return audience.listens.some(reach) && audience.granted.some(reach);
}

function goLiveAfterGap(
  subscriber: Subscriber,
  requested: string,
  reason: Gap['reason'],
  { dispatcher, gapEvents }: CatchUpContext,
): void {
  // The public cursor, not the dispatched id: no id of a private update is disclosed on a stream.
  const gap: Gap = { requested, reason, lastEventId: dispatcher.publicCursor?.id };
  const told = dispatcher.publicCursor?.count ?? 0;
  if (gapEvents) subscriber.send(Frame.ofGap(gap), told, performance.now());
  dispatcher.goLive(subscriber);
}
