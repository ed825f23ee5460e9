import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Authorizer } from '../authorization/authorizer.js';
import { NO_GRANTS } from '../authorization/grants.js';
import { tokenMissing } from '../authorization/refusals.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { RequestToAuthorize } from './authorization-request.js';
import { rawRequest } from './exchange.js';
import { notesOf } from './request-notes.js';

/**
 * Lets subscribers in: whoever shows a token that a subscriber's key has signed, and anybody where that is allowed. A
 * guard, because keys may have to be fetched, and no interceptor of the application times a guard.
 */
@Injectable()
export class MercureSubscribeGuard implements CanActivate {
  constructor(
    @Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Authorizer) private readonly authorizer: Authorizer,
  ) {}

  /** @throws MercureError TOKEN_MISSING, TOKEN_INVALID (401), AUTHORIZATION_MALFORMED (400) */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = rawRequest(context.getArgByIndex(0));
    const asked = new RequestToAuthorize(request, this.options);
    const grants = await this.authorizer.authenticate(asked, 'subscribe');
    if (!grants && !this.options.anonymous) throw tokenMissing();
    notesOf(request).grants = grants ?? NO_GRANTS;
    return true;
  }
}
