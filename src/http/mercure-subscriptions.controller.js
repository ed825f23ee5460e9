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
import { Get, Inject, Req, Res, UseFilters } from '@nestjs/common';
import { Authorizer } from '../authorization/authorizer.js';
import { mayReceive } from '../authorization/may.js';
import { grantMissing, tokenMissing } from '../authorization/refusals.js';
import { MercureError } from '../errors.js';
import { Hub } from '../hub/hub.js';
import {
  legacyItem,
  legacySubscriptionDocument,
  legacySubscriptionsDocument,
} from '../legacy/legacy-subscription-document.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import { authorizationRequest } from './authorization-request.js';
import { discoveryLink } from './discovery.js';
import { etagOf, isNotModified } from './etag.js';
import { answer, rawRequest, takeOver } from './exchange.js';
import { setHubHeaders } from './hub-headers.js';
import { MercureExceptionFilter } from './mercure-exception.filter.js';
import { subscriptionDocument, subscriptionsDocument } from './subscription-document.js';
import { subscriptionsRoot } from './subscription-update.js';
import { originalTarget, readSubscriptionsPath } from './subscriptions-path.js';
/** `GET` below the hub's URL: who is subscribed to what, now. */
let MercureSubscriptionsController = class MercureSubscriptionsController {
  options;
  hub;
  authorizer;
  constructor(options, hub, authorizer) {
    this.options = options;
    this.hub = hub;
    this.authorizer = authorizer;
  }
  async list(request, response) {
    const raw = rawRequest(request);
    const url = originalTarget(raw);
    const [path] = url.split('?', 1);
    const grants = await this.authorize(raw, path, url);
    const root = subscriptionsRoot(this.options.path);
    const query = readSubscriptionsPath(path.slice(root.length), this.options.protocol);
    const form = query.form ?? grants?.generation ?? (this.options.protocol === '0.x' ? '0.x' : '1.0');
    // Before the list is made: a change after it has a later id, and is not missed by who follows from this one.
    const lastEventId = this.hub.lastEventId ?? 'earliest';
    const headers = this.headers(form, lastEventId);
    const exchange = takeOver(request, response);
    setHubHeaders(exchange, this.options);
    if (isNotModified(raw.headers['if-none-match'], headers['ETag'])) {
      answer(exchange, 304, headers, '');
      return;
    }
    const found = this.hub.subscriptions().filter((subscription) => isAskedFor(subscription, query));
    const document =
      query.subscriber === undefined
        ? this.collection(form, form === '0.x' ? url : path, lastEventId, found)
        : this.item(form, lastEventId, found[0]);
    const contentType =
      form === '0.x' && query.subscriber === undefined ? 'application/ld+json' : 'application/json';
    answer(exchange, 200, { ...headers, 'Content-Type': contentType }, JSON.stringify(document));
  }
  /**
   * A grant for the path is needed wherever subscribers can have grants at all, also where they may be anonymous: who
   * is there is nobody's business by default.
   */
  async authorize(request, path, url) {
    const { subscriber, issuers } = this.options;
    if (!subscriber && !issuers.some((issuer) => issuer.subscriber)) return undefined;
    const grants = await this.authorizer.authenticate(
      authorizationRequest(request, this.options),
      'subscribe',
    );
    if (!grants) throw tokenMissing();
    // 0.x authorises the whole request target, 1.0 the path alone.
    const target = grants.generation === '0.x' ? url : path;
    if (!mayReceive(grants, [target], this.options)) throw grantMissing(grants);
    return grants;
  }
  headers(form, lastEventId) {
    const etag = etagOf(form, lastEventId);
    if (form === '0.x') return { ETag: etag };
    return {
      ETag: etag,
      Link: discoveryLink(this.options, { lastEventId, type: 'mercure', contentType: 'application/json' }),
      'Cache-Control': 'must-revalidate',
    };
  }
  collection(form, id, lastEventId, found) {
    const items = found.map((subscription) => this.describe(subscription));
    return form === '0.x'
      ? legacySubscriptionsDocument(id, lastEventId, items)
      : subscriptionsDocument(id, items);
  }
  item(form, lastEventID, found) {
    if (!found) throw new MercureError('NOT_FOUND', 404, '404 page not found', 'The subscription has ended.');
    const root = subscriptionsRoot(this.options.path);
    if (form === '0.x') return { ...legacySubscriptionDocument(root, found, true), lastEventID };
    return subscriptionDocument(root, found, true);
  }
  /** Each in the form it was asked for, whatever the form of the collection. */
  describe(subscription) {
    const root = subscriptionsRoot(this.options.path);
    const write = subscription.wish.named === 'topic' ? legacyItem : subscriptionDocument;
    return write(root, subscription, true);
  }
};
__decorate(
  [
    Get('subscriptions'),
    __param(0, Req()),
    __param(1, Res()),
    __metadata('design:type', Function),
    __metadata('design:paramtypes', [Object, Object]),
    __metadata('design:returntype', Promise),
  ],
  MercureSubscriptionsController.prototype,
  'list',
  null,
);
MercureSubscriptionsController = __decorate(
  [
    UseFilters(MercureExceptionFilter),
    __param(0, Inject(MERCURE_OPTIONS)),
    __param(1, Inject(Hub)),
    __param(2, Inject(Authorizer)),
    __metadata('design:paramtypes', [Object, Hub, Authorizer]),
  ],
  MercureSubscriptionsController,
);
export { MercureSubscriptionsController };
function isAskedFor({ wish, subscriber }, query) {
  if (query.named !== undefined && wish.named !== query.named) return false;
  if (query.match !== undefined && wish.matcher.pattern !== query.match) return false;
  return query.subscriber === undefined || subscriber === query.subscriber;
}
//# sourceMappingURL=mercure-subscriptions.controller.js.map
