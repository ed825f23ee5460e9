import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Authorizer } from '../authorization/authorizer.js';
import { tokenMissing } from '../authorization/refusals.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { authorizationRequest, setGrants } from './authorization-request.js';
import { rawRequest } from './exchange.js';

/** Lets publishers in: whoever shows a token that a publisher's key has signed. What it grants is looked at later. */
@Injectable()
export class MercurePublishGuard implements CanActivate {
  constructor(
    @Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Authorizer) private readonly authorizer: Authorizer,
  ) {}

  /** @throws MercureError TOKEN_MISSING, TOKEN_INVALID (401), AUTHORIZATION_MALFORMED (400) */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = rawRequest(context.switchToHttp().getRequest());
    const grants = await this.authorizer.authenticate(authorizationRequest(request, this.options), 'publish');
    if (!grants) throw tokenMissing();
    setGrants(request, grants);
    return true;
  }
}
