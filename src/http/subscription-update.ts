import {
  legacySubscriptionDocument,
  legacySubscriptionPath,
} from '../legacy/legacy-subscription-document.js';
import type { Subscription } from '../subscriber/subscription.js';
import { uuidV7Urn } from '../update/update-id.js';
import type { Update } from '../update/update.js';
import { subscriptionDocument, subscriptionPath } from './subscription-document.js';

/** Where the subscription documents of a hub live. */
export function subscriptionsRoot(hubPath: string): string {
  return `${hubPath}/subscriptions`;
}

/** The private update that tells that a subscription has begun or ended, in the form it was asked for. */
export function subscriptionUpdate(hubPath: string, subscription: Subscription, active: boolean): Update {
  const root = subscriptionsRoot(hubPath);
  const common = { id: uuidV7Urn(), private: true };
  if (subscription.wish.named === 'topic') {
    const data = JSON.stringify(legacySubscriptionDocument(root, subscription, active), undefined, 2);
    return { ...common, topics: [legacySubscriptionPath(root, subscription)], data };
  }
  const data = JSON.stringify(subscriptionDocument(root, subscription, active));
  // The reserved type tells the hub's own events from those of publishers, who may not use it.
  return { ...common, topics: [subscriptionPath(root, subscription)], data, type: 'mercure' };
}
