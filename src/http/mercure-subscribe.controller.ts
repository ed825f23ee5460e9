import { Get, Inject, Req, RequestMapping, RequestMethod, Res, UseFilters, UseGuards } from '@nestjs/common';
import type { Grants } from '../authorization/grants.js';
import { MercureError } from '../errors.js';
import { Hub } from '../hub/hub.js';
import type { SubscriptionRequest } from '../hub/hub-options.js';
import { cursorHeaderNames } from '../legacy/cursor-names.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest } from '../sse/event-stream.js';
import { openEventStream } from '../sse/open-event-stream.js';
import type { Subscriber } from '../subscriber/subscriber.js';
import type { Cursor } from '../transport/transport.js';
import { grantsOf } from './authorization-request.js';
import { dropConnection, isGone, rawRequest, takeOver } from './exchange.js';
import { type Fields, parseQuery } from './form.js';
import { HubPlaceGuard } from './hub-place.guard.js';
import { hubHeaders } from './hub-headers.js';
import { MercureExceptionFilter } from './mercure-exception.filter.js';
import { MercureSubscribeGuard } from './mercure-subscribe.guard.js';
import { subscriptionFields } from './publication-body.js';
import { encodeHeader, requestedCursor } from './requested-cursor.js';
import { wishesOf } from './subscription-query.js';

/** `GET` on the hub's URL: a stream of the updates that match, from a cursor on where one is given. */
@UseFilters(MercureExceptionFilter)
@UseGuards(HubPlaceGuard, MercureSubscribeGuard)
export class MercureSubscribeController {
  constructor(
    @Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Hub) private readonly hub: Hub,
  ) {}

  /** A subscription too long for a URL, in a body. */
  @RequestMapping({ path: '', method: RequestMethod.QUERY })
  query(@Req() request: unknown, @Res() response: unknown): Promise<void> {
    return this.subscribe(request, response);
  }

  @Get()
  async subscribe(@Req() request: unknown, @Res() response: unknown): Promise<void> {
    const raw = rawRequest(request);
    const { protocol } = this.options;
    const inBody = await this.fieldsInBody(raw, request);
    const grants = grantsOf(raw);
    const query = [...parseQuery(raw.url ?? ''), ...inBody];
    const wishes = wishesOf(query, protocol);
    const requested = requestedCursor(raw.headers, query, protocol);
    const subscriber = await this.register({
      matchers: wishes.map(({ matcher }) => matcher),
      wishes,
      grants,
      client: clientOf(raw, grants),
      bounded: true,
    });
    if (!subscriber) {
      dropConnection(raw);
      return;
    }
    const exchange = takeOver(request, response);
    // Gone meanwhile, or answered: by an interceptor of the application that would not wait.
    if (isGone(raw) || exchange.response.headersSent) {
      this.hub.leave(subscriber);
      return;
    }
    // From here on whoever goes away is given back; a HEAD's answer closes at once, too.
    exchange.response.once('close', () => this.hub.leave(subscriber));
    const cursor = requested ? await this.hub.locate(requested) : undefined;
    if (subscriber.closed) {
      dropConnection(raw);
      return;
    }
    const headers = hubHeaders(exchange, this.options, this.cursorHeaders(requested, cursor));
    const stream = openEventStream(exchange.request, exchange.response, headers);
    if (stream) this.hub.begin(subscriber, stream, requested, cursor);
    else this.hub.leave(subscriber);
  }

  /** Undefined: the hub is shutting down. */
  private async register(request: SubscriptionRequest): Promise<Subscriber | undefined> {
    try {
      return await this.hub.register(request);
    } catch (error) {
      if (error instanceof MercureError && error.code === 'HUB_CLOSED') return undefined;
      throw error;
    }
  }

  private fieldsInBody(raw: StreamRequest, request: unknown): Promise<Fields> {
    if (raw.method !== 'QUERY') return Promise.resolve([]);
    return subscriptionFields(raw, (request as { body?: unknown }).body, this.options.maxBodyBytes);
  }

  /**
   * Where the stream begins: after the requested update, or at `earliest` where that is not kept. Said whenever an
   * id was asked for, even an empty one. While the transport cannot say, it is the id asked for: the stream will
   * catch up from there, and tell a gap if it must.
   */
  private cursorHeaders(requested: string | undefined, cursor: Cursor | undefined): Record<string, string> {
    if (requested === undefined) return {};
    const kept = requested !== '' && (cursor?.found ?? true);
    const value = encodeHeader(kept ? requested : 'earliest');
    return Object.fromEntries(cursorHeaderNames(this.options.protocol).map((name) => [name, value]));
  }
}

/** By what connections are counted: who the token is about, else where the request comes from. */
function clientOf(request: StreamRequest, { subject, issuer = '' }: Grants): string {
  return subject === undefined
    ? `address:${request.socket.remoteAddress ?? ''}`
    : `subject:${JSON.stringify([issuer, subject])}`;
}
