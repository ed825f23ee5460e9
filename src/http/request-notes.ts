import type { Grants } from '../authorization/grants.js';
import type { StreamRequest } from '../sse/event-stream.js';

/** What the hub knows of a request beside what was sent, handed from whoever finds it out to whoever needs it. */
export interface RequestNotes {
  /** Whether it is for a hub, by its path as it was sent; undefined: it never passed a server (`inject`). */
  isHere?: boolean;
  /** Whether its body was kept from the application's parsers, and the type it was sent with. */
  hidden?: { readonly contentType: string | undefined };
  /** Its target as it was sent, where it was routed elsewhere. */
  target?: string;
  /** What its sender may do, once that is proved. */
  grants?: Grants;
}

const NOTES = Symbol('mercure');

/** On the request itself: a WeakMap costs every request half a microsecond and the garbage collector more. */
export function notesOf(request: StreamRequest & { [NOTES]?: RequestNotes }): RequestNotes {
  return (request[NOTES] ??= {});
}
