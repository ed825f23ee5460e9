import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type AuthorizationRequest, Authorizer } from '../authorization/authorizer.js';
import { tokenMissing } from '../authorization/refusals.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest } from '../sse/event-stream.js';
import { RequestToAuthorize } from './authorization-request.js';
import { rawRequest } from './exchange.js';
import { notesOf } from './request-notes.js';

/** Lets publishers in: whoever shows a token that a publisher's key has signed. What it grants is looked at later. */
@Injectable()
export class MercurePublishGuard implements CanActivate {
  constructor(
    @Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Authorizer) private readonly authorizer: Authorizer,
  ) {}

  /**
   * At once for a token that was proved before: nothing is awaited then.
   *
   * @throws MercureError TOKEN_MISSING, TOKEN_INVALID (401), AUTHORIZATION_MALFORMED (400)
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = rawRequest(context.getArgByIndex(0));
    const asked = new RequestToAuthorize(request, this.options);
    const known = this.authorizer.recall(asked, 'publish');
    if (!known) return this.prove(request, asked);
    notesOf(request).grants = known;
    return true;
  }

  private async prove(request: StreamRequest, asked: AuthorizationRequest): Promise<boolean> {
    const grants = await this.authorizer.authenticate(asked, 'publish');
    if (!grants) throw tokenMissing();
    notesOf(request).grants = grants;
    return true;
  }
}
