import { Get, Inject, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { Authorizer } from '../authorization/authorizer.js';
import type { Grants } from '../authorization/grants.js';
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
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest } from '../sse/event-stream.js';
import type { Subscription } from '../subscriber/subscription.js';
import { RequestToAuthorize } from './authorization-request.js';
import { discoveryLink } from './discovery.js';
import { etagOf, isNotModified } from './etag.js';
import { answer, rawRequest, takeOver } from './exchange.js';
import { HubPlaceGuard } from './hub-place.guard.js';
import { hubHeaders } from './hub-headers.js';
import { MercureExceptionFilter } from './mercure-exception.filter.js';
import { subscriptionDocument, subscriptionsDocument } from './subscription-document.js';
import { subscriptionsRoot } from './subscription-update.js';
import { originalTarget, readSubscriptionsPath, type SubscriptionsQuery } from './subscriptions-path.js';

/** `GET` below the hub's URL: who is subscribed to what, now. */
@UseFilters(MercureExceptionFilter)
@UseGuards(HubPlaceGuard)
export class MercureSubscriptionsController {
  constructor(
    @Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Hub) private readonly hub: Hub,
    @Inject(Authorizer) private readonly authorizer: Authorizer,
  ) {}

  @Get('subscriptions')
  async list(@Req() request: unknown, @Res() response: unknown): Promise<void> {
    const raw = rawRequest(request);
    const url = originalTarget(raw);
    const [path] = url.split('?', 1) as [string];
    const grants = await this.authorize(raw, path, url);
    const root = subscriptionsRoot(this.options.path);
    const query = readSubscriptionsPath(path.slice(root.length), this.options.protocol);
    const form = query.form ?? grants?.generation ?? (this.options.protocol === '0.x' ? '0.x' : '1.0');
    // Before the list is made: a change after it has a later id, and is not missed by who follows from this one.
    const lastEventId = this.hub.lastEventId ?? 'earliest';
    const exchange = takeOver(request, response);
    const headers = hubHeaders(exchange, this.options, this.headers(form, lastEventId));
    if (isNotModified(raw.headers['if-none-match'], headers['ETag']!)) {
      answer(exchange, 304, headers, '');
      return;
    }
    const subscriptions = await this.hub.subscriptions();
    const found = subscriptions.filter((subscription) => isAskedFor(subscription, query));
    const document =
      query.subscriber === undefined
        ? this.collection(form, form === '0.x' ? url : path, lastEventId, found)
        : this.item(form, lastEventId, found[0]);
    const contentType = form === '0.x' ? 'application/ld+json' : 'application/json';
    answer(exchange, 200, { ...headers, 'Content-Type': contentType }, JSON.stringify(document));
  }

  /**
   * A grant for the path is needed wherever subscribers can have grants at all, also where they may be anonymous: who
   * is there is nobody's business by default.
   */
  private async authorize(request: StreamRequest, path: string, url: string): Promise<Grants | undefined> {
    const { subscriber, issuers } = this.options;
    if (!subscriber && !issuers.some((issuer) => issuer.subscriber)) return undefined;
    const grants = await this.authorizer.authenticate(
      new RequestToAuthorize(request, this.options, url),
      'subscribe',
    );
    if (!grants) throw tokenMissing();
    // 0.x authorises the whole request target, 1.0 the path alone.
    const target = grants.generation === '0.x' ? url : path;
    if (!mayReceive(grants, [target], this.options)) throw grantMissing(grants);
    return grants;
  }

  private headers(form: '1.0' | '0.x', lastEventId: string): Record<string, string> {
    const etag = etagOf(form, lastEventId);
    if (form === '0.x') return { ETag: etag };
    return {
      ETag: etag,
      Link: discoveryLink(this.options, { lastEventId, type: 'mercure', contentType: 'application/json' }),
      'Cache-Control': 'must-revalidate',
    };
  }

  private collection(
    form: '1.0' | '0.x',
    id: string,
    lastEventId: string,
    found: readonly Subscription[],
  ): object {
    const items = found.map((subscription) => this.describe(subscription));
    return form === '0.x'
      ? legacySubscriptionsDocument(id, lastEventId, items)
      : subscriptionsDocument(id, items);
  }

  private item(form: '1.0' | '0.x', lastEventID: string, found: Subscription | undefined): object {
    if (!found) throw new MercureError('NOT_FOUND', 404, '404 page not found', 'The subscription has ended.');
    const root = subscriptionsRoot(this.options.path);
    if (form === '0.x') return { ...legacySubscriptionDocument(root, found, true), lastEventID };
    return subscriptionDocument(root, found, true);
  }

  /** Each in the form it was asked for, whatever the form of the collection. */
  private describe(subscription: Subscription): object {
    const root = subscriptionsRoot(this.options.path);
    const write = subscription.wish.named === 'topic' ? legacyItem : subscriptionDocument;
    return write(root, subscription, true);
  }
}

function isAskedFor({ wish, subscriber }: Subscription, query: SubscriptionsQuery): boolean {
  if (query.named !== undefined && wish.named !== query.named) return false;
  if (query.match !== undefined && wish.matcher.pattern !== query.match) return false;
  return query.subscriber === undefined || subscriber === query.subscriber;
}
