import type { Protocol } from '../options/mercure-options.js';

/** Query parameters by which 0.x clients name the id to resume from, in the order in which they count. */
export function legacyCursorParameters(protocol: Protocol): readonly string[] {
  return protocol === '1.0' ? [] : ['lastEventID', 'Last-Event-ID', 'lastEventId'];
}

/** The response fields that tell where the stream begins, by generation. */
export function cursorHeaderNames(protocol: Protocol): readonly string[] {
  return ['Mercure-Last-Event-ID', ...(protocol === '1.0' ? [] : ['Last-Event-ID'])];
}
