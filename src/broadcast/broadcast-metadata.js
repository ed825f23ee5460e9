import 'reflect-metadata';
const KEY = 'nestjs-mercure:broadcast';
/** Adds a declaration to a class. Decorators run from the bottom up, so the newest goes first. */
export function declareBroadcast(target, options) {
    const own = (Reflect.getOwnMetadata(KEY, target) ?? []);
    Reflect.defineMetadata(KEY, [options, ...own], target);
}
/**
 * The declarations that apply to an entity class, in the order they are written: its own, or where it has none those
 * of its nearest ancestor. An entity schema is known by its name, which declares nothing: none.
 */
export function broadcastsOf(target) {
    if (typeof target === 'string')
        return [];
    return (Reflect.getMetadata(KEY, target) ?? []);
}
//# sourceMappingURL=broadcast-metadata.js.map