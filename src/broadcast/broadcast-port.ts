import type { UpdateInput } from '../update/update.js';

/** Where broadcasts go: the hub, as this folder sees it. */
export interface UpdatePublisher {
  /**
   * Publishes the updates of transactions, in their order; those of one are next to each other. All are stored, or it
   * rejects and none is. It is called again only when the promise has settled, so that one caller's order is the hub's order.
   */
  publishAll(inputs: readonly UpdateInput[]): Promise<void>;
}
