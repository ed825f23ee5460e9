import { Frame, type Gap } from '../sse/frame.js';
import type { Subscriber } from '../subscriber/subscriber.js';
import type { Matcher } from '../topic/matcher.js';
import type { Cursor, Position } from '../transport/transport.js';
import type { Dispatcher } from './dispatcher.js';
import type { History } from './history.js';
import type { Replays } from './replays.js';
import type { Retained } from './retained.js';

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
  if (!cursor.found) {
    goLiveAfterGap(subscriber, requested, cursor.reason, context);
    return;
  }
  const end = await readOn(subscriber, cursor.position, context);
  if (end) {
    subscriber.told = dispatcher.count - end.unsent;
    dispatcher.goLive(subscriber);
  } else if (!subscriber.closed) {
    goLiveAfterGap(subscriber, subscriber.lastId ?? requested, 'expired', context);
  }
}

/**
 * Begins a stream that has no cursor with what is retained of its topics, and goes on from where the node stood when that
 * was asked for: what was dispatched meanwhile it has from the history.
 */
export async function beginWithRetained(
  subscriber: Subscriber,
  retained: Retained,
  context: CatchUpContext,
): Promise<void> {
  const { dispatcher } = context;
  const { position, count, publicCursor } = dispatcher;
  // The last that is retained may have left the history long ago, so its client needs a cursor soon; but none older.
  const told = publicCursor && publicCursor.id === dispatcher.lastEventId ? -1 : count;
  const frames = await whileOpen(subscriber, () => retained.of(subscriber.audience, position));
  if (!frames || subscriber.closed) return;
  for (const frame of frames) {
    subscriber.send(frame, told, performance.now());
    await subscriber.sink?.drained();
    if (subscriber.closed) return;
  }
  const end = await readOn(subscriber, position, context);
  if (end) {
    if (end.sent) subscriber.told = dispatcher.count - end.unsent;
    dispatcher.goLive(subscriber);
  } else if (!subscriber.closed) {
    goLiveAfterGap(subscriber, subscriber.lastId, 'expired', context);
  }
}

/** How the reading of the history ended at the dispatched position. */
interface ReadOn {
  /** Whether anything was sent. */
  readonly sent: boolean;
  /** Updates read since the last one that was sent, in this node's count. */
  readonly unsent: number;
}

/** Sends everything from a position up to the dispatched one; undefined: something is missing, or it is closed. */
async function readOn(
  subscriber: Subscriber,
  from: Position,
  context: CatchUpContext,
): Promise<ReadOn | undefined> {
  const { dispatcher, history, replays, hubUrl } = context;
  let position = from;
  let unsent = 0;
  let sent = false;
  while (position !== dispatcher.position) {
    const after = position;
    const read = await whileOpen(subscriber, () => history.read(after, dispatcher.position));
    if (!read?.page || (read.page.presenceDropped && mayFollowPresence(subscriber, hubUrl))) return undefined;
    const { page, until } = read;
    // Acknowledged by the transport and not dispatched yet, by this node or at all: its turn comes.
    if (page.end === position && until === dispatcher.position) await dispatcher.moved();
    const { frame, rest } = await replays.of(subscriber.audience, after, page);
    if (frame && !subscriber.closed) subscriber.send(frame, subscriber.told, performance.now());
    await subscriber.sink?.drained();
    if (subscriber.closed) return undefined;
    position = page.end;
    unsent = frame ? rest : unsent + rest;
    sent ||= frame !== undefined;
  }
  return { sent, unsent };
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
  requested: string | undefined,
  reason: Gap['reason'],
  { dispatcher, gapEvents }: CatchUpContext,
): void {
  // The public cursor, not the dispatched id: no id of a private update is disclosed on a stream.
  const gap: Gap = { requested, reason, lastEventId: dispatcher.publicCursor?.id };
  const told = dispatcher.publicCursor?.count ?? 0;
  if (gapEvents) subscriber.send(Frame.ofGap(gap), told, performance.now());
  dispatcher.goLive(subscriber);
}
