import { MercureError } from '../errors.js';
import { declareBroadcast } from './broadcast-metadata.js';
/**
 * Publishes an entity's changes on the hub, after the outermost commit of the transaction that made them; a rollback
 * publishes nothing. Creates and updates carry the entity as JSON, re-read from the database and without columns of
 * `select: false`; deletes carry `{ "@id", "@type", …id, "deleted": true }`.
 *
 * It may be repeated: each declaration publishes an update of its own. Subclasses inherit the declarations of their
 * nearest ancestor; a subclass with declarations of its own replaces them.
 *
 * ```ts
 * @Broadcast({ topic: 'https://example.com/books/{id}' })
 * @Entity()
 * export class Book { … }
 * ```
 *
 * Options are checked when the application starts, where the columns are known.
 *
 * @throws MercureError BROADCAST_INVALID when written without parentheses
 */
export function Broadcast(options = {}) {
    if (typeof options === 'function') {
        throw new MercureError('BROADCAST_INVALID', 500, '@Broadcast is written without parentheses', 'Write @Broadcast().');
    }
    // The columns and functions of an entity are only ever applied to that entity.
    return (target) => declareBroadcast(target, options);
}
//# sourceMappingURL=broadcast.decorator.js.map