import { type Change, rowKey, wasGone } from './change.js';
import type { Touch } from './compile-touch.js';
import type { Row } from './read-entities.js';

/**
 * The rows that a change touches: what the row points to, and what it pointed to before. They are updated without being
 * written, and touch no others.
 *
 * @param row the changed row as it is now, where it is there
 */
export function touchedRows(change: Change, row: Row | undefined, touches: readonly Touch[]): Change[] {
  const { operation, originator } = change;
  const isThere = change.way !== 'recover' && !wasGone(change);
  const link = { id: change.id, key: change.key };
  // Of a foreign key that the write did not look at it had what it has now.
  const earlier = operation === 'create' ? {} : { ...row?.keys, ...change.keys };
  const now = operation === 'delete' ? {} : { ...row?.keys };
  return touches.flatMap((touch) => {
    const { metadata, path } = touch;
    const [from, to] = [touch.idOf(earlier), touch.idOf(now)];
    const left = from && rowKey(metadata, from);
    const ends = [from, to].flatMap((id) => (id ? [[rowKey(metadata, id), id] as const] : []));
    return [...new Map(ends)].map(([key, id]) => {
      const was = key === left && isThere;
      const links = new Map([[path, new Map([[link.key, { id: link.id, was }]])]]);
      const what = { operation: 'update', way: 'links', touched: true } as const;
      return { ...what, metadata, id, key, keys: {}, links, originator };
    });
  });
}
