import type { BroadcastTarget } from '../broadcast/broadcast.service.js';
import { MercureError } from '../errors.js';
import { nearestName } from '../options/nearest-name.js';

/** What `@MercureResource()` takes. */
export interface MercureResourceOptions {
  /** The broadcast entity of what the handler returns. Default: the class of what it returns. */
  entity?: BroadcastTarget<object>;
  /**
   * Whether the handler returns rows of the entity, so that the resource is its topic of all rows (the option
   * `collection` of `@Broadcast()`). Needs `entity`, whose rows need not be returned. Default false.
   */
  collection?: boolean;
  /**
   * The topic, in place of the entity's: an IRI template over members of what is returned and, where it has none of
   * that name, the route's parameters (`/users/{userId}/books`); or a function of the two, undefined for no topic. What
   * is relative is resolved against `publicUrl`.
   */
  topic?: string | ((body: unknown, params: Readonly<Record<string, string>>) => string | undefined);
  /** What updates carry. Default: what the entity's declaration says; not told where there is none. */
  contentType?: string;
  /** The event's name of updates. Default: the entity's, where every update has the same. */
  type?: string;
}

const OPTIONS: readonly string[] = [
  'entity',
  'collection',
  'topic',
  'contentType',
  'type',
] satisfies (keyof MercureResourceOptions)[];

/**
 * Checks what needs no entity to be known.
 *
 * @param handler the class and method, for the message
 * @throws MercureError OPTIONS_INVALID
 */
export function checkResourceOptions(options: MercureResourceOptions, handler: string): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, OPTIONS)?.name;
    throw invalidResource(handler, `unknown option "${unknown}"`, `Did you mean "${nearest}"?`);
  }
  const { entity, collection = false, topic } = options;
  if (collection && entity === undefined && topic === undefined) {
    const remedy = 'Name the "entity", or its "topic".';
    throw invalidResource(handler, 'option "collection" is of no entity', remedy);
  }
}

/** An error of a handler's options: which handler, what is wrong, what to do. */
export function invalidResource(
  handler: string,
  fault: string,
  remedy: string,
  cause?: unknown,
): MercureError {
  const message = `@MercureResource on ${handler}: ${fault}. ${remedy}`;
  return new MercureError('OPTIONS_INVALID', 500, message, remedy, { cause });
}
