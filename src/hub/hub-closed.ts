import { MercureError } from '../errors.js';

/** What is told to whoever comes when the hub has ended its streams. */
export function hubClosed(): MercureError {
  return new MercureError('HUB_CLOSED', 503, 'Service Unavailable', 'The hub is shutting down; try again.');
}
