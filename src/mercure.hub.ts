import { Logger } from '@nestjs/common';
import { subscriptionUpdate } from './http/subscription-update.js';
import { Hub } from './hub/hub.js';
import { validateLegacyUpdate } from './legacy/validate-legacy-update.js';
import type { ResolvedOptions } from './options/resolve-options.js';
import { validateTopics, validateUpdate } from './update/validate-update.js';

const logger = new Logger('Mercure');

/** The hub that options describe, not started. */
export function createHub(options: ResolvedOptions): Hub {
  const validateRest = options.protocol === '0.x' ? validateLegacyUpdate : validateUpdate;
  return new Hub({
    ...options,
    validate: (update) => {
      validateTopics(update.topics, options);
      validateRest(update, options);
    },
    ...(options.subscriptions && { tellSubscription: subscriptionUpdate.bind(undefined, options.path) }),
    onFault: (error) =>
      logger.error('The hub failed unexpectedly', error instanceof Error ? error.stack : undefined),
    onSlow: (subscriber) => logger.warn(`Subscriber ${subscriber.id} was cut: it reads too slowly`),
  });
}
