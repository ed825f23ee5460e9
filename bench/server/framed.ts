import type { LoadUpdate } from '../wire/load.js';

/** The fields every contestant that writes its own head sends. */
export const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  'X-Accel-Buffering': 'no',
};

/** What a client sees first: its stream is open. */
export const FIRST_BYTES = ':\n';

let count = 0;

/** An update as an event; the id is a number, for those that have no way of making one. */
export function event({ data }: LoadUpdate): string {
  return `id: ${++count}\ndata: ${data}\n\n`;
}

/** One chunk of HTTP/1.1, as one Buffer. */
export function chunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

/** The topic a request target asks for. */
export function topicOfTarget(target: string): string {
  return new URL(target, 'http://localhost').searchParams.get('match') ?? '';
}

/** Streams by their topic. */
export class Followers<S> {
  private readonly byTopic = new Map<string, Set<S>>();

  add(topic: string, stream: S): void {
    const streams = this.byTopic.get(topic) ?? new Set();
    this.byTopic.set(topic, streams.add(stream));
  }

  remove(topic: string, stream: S): void {
    this.byTopic.get(topic)?.delete(stream);
  }

  of(topic: string): Iterable<S> {
    return this.byTopic.get(topic) ?? [];
  }
}
