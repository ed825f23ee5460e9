import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { MercureError } from '../errors.js';
import type { StreamRequest } from '../sse/event-stream.js';
import { rawRequest } from './exchange.js';
import { notesOf } from './request-notes.js';

/** Notes whether a request is for a hub, by its path as it was sent. Of several hubs, one is enough. */
export function markPlace(request: StreamRequest, isHere: boolean): void {
  const notes = notesOf(request);
  notes.isHere = notes.isHere === true || isHere;
}

/**
 * Refuses what a router took for the hub's though it was sent to another path (doubled slashes, say, where the
 * application has them ignored): nothing that is decided before the router was decided for it.
 */
@Injectable()
export class HubPlaceGuard implements CanActivate {
  /** @throws MercureError NOT_FOUND (404) */
  canActivate(context: ExecutionContext): boolean {
    const request = rawRequest(context.getArgByIndex(0));
    if (notesOf(request).isHere !== false) return true;
    throw new MercureError('NOT_FOUND', 404, '404 page not found', 'Check the path.');
  }
}
