import { Frame, type Gap } from '../sse/frame.js';
import type { Subscriber } from '../subscriber/subscriber.js';
import type { Matcher } from '../topic/matcher.js';
import type { Cursor, Position } from '../transport/transport.js';
import type { Dispatcher } from './dispatcher.js';
import type { History } from './history.js';
import type { Replays } from './replays.js';

/** Pause between two tries to read the history while the transport is away. Milliseconds. */
const RETRY_MS = 1000;

export interface CatchUpContext {
  readonly history: History;
  readonly dispatcher: Dispatcher;
  readonly replays: Replays;
  readonly hubUrl: URL;
  readonly gapEvents: boolean;
}

/**
 * Brings a subscriber from its cursor to the live updates without a queue: pages of the history, each written and
 * drained before the next is read, until its position is the dispatched one; then it goes live in that same tick.
 *
 * @param located where the cursor stands, if that is known already
 */
export async function catchUp(
  subscriber: Subscriber,
  requested: string,
  located: Cursor | undefined,
  context: CatchUpContext,
): Promise<void> {
  const { dispatcher, history } = context;
  const cursor = located ?? (await whileOpen(subscriber, () => history.locate(requested)));
  if (!cursor || subscriber.closed) return;
  // Of the ids a client is told those count that it asked for or was sent.
  if (requested !== 'earliest') subscriber.lastId = requested;
  if (!cursor.found) goLiveAfterGap(subscriber, requested, cursor.reason, context);
  else if (await readOn(subscriber, cursor.position, context)) dispatcher.goLive(subscriber);
  else if (!subscriber.closed) goLiveAfterGap(subscriber, subscriber.lastId ?? requested, 'expired', context);
}

/** Whether everything from a position up to the dispatched one was sent; false: something is missing, or it is closed. */
async function readOn(subscriber: Subscriber, from: Position, context: CatchUpContext): Promise<boolean> {
  const { dispatcher, history, replays, hubUrl } = context;
  let position = from;
  /** Updates read since the last one that was sent: so far back its own last id is, in this node's count. */
  let unsent = 0;
  while (position !== dispatcher.position) {
    const after = position;
    const read = await whileOpen(subscriber, () => history.read(after, dispatcher.position));
    if (!read?.page || (read.page.presenceDropped && mayFollowPresence(subscriber, hubUrl))) return false;
    const { page, until } = read;
    // Acknowledged by the transport and not dispatched yet, by this node or at all: its turn comes.
    if (page.end === position && until === dispatcher.position) await dispatcher.moved();
    const { frame, rest } = await replays.of(subscriber.audience, after, page);
    if (frame && !subscriber.closed) subscriber.send(frame, subscriber.told, performance.now());
    await subscriber.sink?.drained();
    if (subscriber.closed) return false;
    position = page.end;
    unsent = frame ? rest : unsent + rest;
  }
  subscriber.told = dispatcher.count - unsent;
  return true;
}

/**
 * Asks the transport until it answers or the subscriber is closed (then undefined). While it is away the stream
 * stays open, kept by heartbeats: any answer but 200 would end an EventSource for good.
 */
async function whileOpen<T>(subscriber: Subscriber, ask: () => Promise<T>): Promise<T | undefined> {
  while (!subscriber.closed) {
    try {
      return await ask();
    } catch {
      await new Promise((resume) => setTimeout(resume, RETRY_MS).unref());
    }
  }
  return undefined;
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
