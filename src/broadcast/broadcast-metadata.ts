import 'reflect-metadata';
import type { BroadcastOptions } from './broadcast-options.js';

const KEY = 'nestjs-mercure:broadcast';

/** Adds a declaration to a class. Decorators run from the bottom up, so the newest goes first. */
export function declareBroadcast(target: object, options: BroadcastOptions): void {
  const own = (Reflect.getOwnMetadata(KEY, target) ?? []) as readonly BroadcastOptions[];
  Reflect.defineMetadata(KEY, [options, ...own], target);
}

/**
 * The declarations that apply to an entity, in the order they are written: its own, or where it has none those of its
 * nearest ancestor. An entity schema without a class is known by its name.
 *
 * @param registered those that were added without a decorator
 */
export function broadcastsOf(
  target: object | string,
  registered: (target: object | string) => readonly BroadcastOptions[],
): readonly BroadcastOptions[] {
  if (typeof target === 'string') return registered(target);
  const own = (Reflect.getOwnMetadata(KEY, target) ?? []) as readonly BroadcastOptions[];
  const declared = [...own, ...registered(target)];
  const parent = Reflect.getPrototypeOf(target);
  return declared.length > 0 || parent === null ? declared : broadcastsOf(parent, registered);
}
