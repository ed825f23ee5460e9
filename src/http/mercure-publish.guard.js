var __decorate =
  (this && this.__decorate) ||
  function (decorators, target, key, desc) {
    var c = arguments.length,
      r = c < 3 ? target : desc === null ? (desc = Object.getOwnPropertyDescriptor(target, key)) : desc,
      d;
    if (typeof Reflect === 'object' && typeof Reflect.decorate === 'function')
      r = Reflect.decorate(decorators, target, key, desc);
    else
      for (var i = decorators.length - 1; i >= 0; i--)
        if ((d = decorators[i])) r = (c < 3 ? d(r) : c > 3 ? d(target, key, r) : d(target, key)) || r;
    return (c > 3 && r && Object.defineProperty(target, key, r), r);
  };
var __metadata =
  (this && this.__metadata) ||
  function (k, v) {
    if (typeof Reflect === 'object' && typeof Reflect.metadata === 'function') return Reflect.metadata(k, v);
  };
var __param =
  (this && this.__param) ||
  function (paramIndex, decorator) {
    return function (target, key) {
      decorator(target, key, paramIndex);
    };
  };
import { Inject, Injectable } from '@nestjs/common';
import { Authorizer } from '../authorization/authorizer.js';
import { tokenMissing } from '../authorization/refusals.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import { authorizationRequest, setGrants } from './authorization-request.js';
import { rawRequest } from './exchange.js';
/** Lets publishers in: whoever shows a token that a publisher's key has signed. What it grants is looked at later. */
let MercurePublishGuard = class MercurePublishGuard {
  options;
  authorizer;
  constructor(options, authorizer) {
    this.options = options;
    this.authorizer = authorizer;
  }
  /** @throws MercureError TOKEN_MISSING, TOKEN_INVALID (401), AUTHORIZATION_MALFORMED (400) */
  async canActivate(context) {
    const request = rawRequest(context.switchToHttp().getRequest());
    const grants = await this.authorizer.authenticate(authorizationRequest(request, this.options), 'publish');
    if (!grants) throw tokenMissing();
    setGrants(request, grants);
    return true;
  }
};
MercurePublishGuard = __decorate(
  [
    Injectable(),
    __param(0, Inject(MERCURE_OPTIONS)),
    __param(1, Inject(Authorizer)),
    __metadata('design:paramtypes', [Object, Authorizer]),
  ],
  MercurePublishGuard,
);
export { MercurePublishGuard };
//# sourceMappingURL=mercure-publish.guard.js.map
