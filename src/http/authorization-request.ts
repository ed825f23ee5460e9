import type { IncomingHttpHeaders } from 'node:http';
import type { AuthorizationRequest } from '../authorization/authorizer.js';
import type { Grants } from '../authorization/grants.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest } from '../sse/event-stream.js';
import { notesOf } from './request-notes.js';
import { requestOrigin } from './request-origin.js';

/** What of a request decides whom it is allowed to. A class: a literal with a getter costs as much as all the rest. */
export class RequestToAuthorize implements AuthorizationRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];

  /** @param url the request target as sent */
  constructor(
    private readonly request: StreamRequest,
    private readonly options: ResolvedOptions,
    readonly url: string = request.url ?? '/',
  ) {
    this.method = request.method ?? 'GET';
    this.headers = request.headers;
    this.rawHeaders = request.rawHeaders;
  }

  /** Parsing it costs more than all the rest, and only tokens of 1.0 have an audience to compare it with. */
  get origin(): string {
    return requestOrigin(this.request, this.options);
  }
}

/** The grants of a request that passed its guard. */
export function grantsOf(request: StreamRequest): Grants {
  const { grants } = notesOf(request);
  if (!grants) throw new Error('The request did not pass the guard');
  return grants;
}
