import { randomUUID } from 'node:crypto';
import type { PresenceEntry } from '../abilities.js';
import type { PresenceStore } from './presence-store.js';

const REMAINS = 'remains-';

/** Whether a name stands for what a dead node left behind. */
export function isRemains(node: string): boolean {
  return node.startsWith(REMAINS);
}

/** Tells of the subscriptions of nodes that did not renew their lease; of each, one of the living does. */
export async function reapDeadNodes(
  store: PresenceStore,
  lost: (entries: readonly PresenceEntry[]) => Promise<void>,
): Promise<void> {
  const { dead } = await store.nodes();
  for (const node of dead) {
    const remains = REMAINS + randomUUID();
    if (await store.takeOver(node, remains)) await reap(remains, store, lost);
  }
}

/** Told first and removed then: should this node die in between, it is told again rather than never. */
async function reap(
  remains: string,
  store: PresenceStore,
  lost: (entries: readonly PresenceEntry[]) => Promise<void>,
): Promise<void> {
  for await (const page of store.pagesOf(remains)) {
    if (page.length === 0) continue;
    await lost(page);
    await store.renew(
      remains,
      page.map(({ id }) => id),
    );
  }
  await store.remove(remains);
}
