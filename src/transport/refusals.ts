import { MercureError } from '../errors.js';

/** 503, of a transport that is closed. */
export function closed(): MercureError {
  return new MercureError('HUB_CLOSED', 503, 'Service Unavailable', 'The hub is shutting down; try again.');
}

/** 409, of an id that is known with another body. It tells nothing of either body. */
export function idConflict(id: string): MercureError {
  const remedy = `The id "${id}" was published with a different body; leave it out, or choose a new one.`;
  return new MercureError('ID_CONFLICT', 409, 'Conflict', remedy);
}
