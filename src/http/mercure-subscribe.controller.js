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
import { Get, Inject, Req, RequestMapping, RequestMethod, Res, UseFilters } from '@nestjs/common';
import { Authorizer } from '../authorization/authorizer.js';
import { NO_GRANTS } from '../authorization/grants.js';
import { tokenMissing } from '../authorization/refusals.js';
import { Hub } from '../hub/hub.js';
import { cursorHeaderNames } from '../legacy/cursor-names.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import { openEventStream } from '../sse/open-event-stream.js';
import { authorizationRequest } from './authorization-request.js';
import { rawRequest, takeOver } from './exchange.js';
import { parseQuery } from './form.js';
import { setHubHeaders } from './hub-headers.js';
import { MercureExceptionFilter } from './mercure-exception.filter.js';
import { subscriptionFields } from './publication-body.js';
import { encodeHeader, requestedCursor } from './requested-cursor.js';
import { wishesOf } from './subscription-query.js';
/** `GET` on the hub's URL: a stream of the updates that match, from a cursor on where one is given. */
let MercureSubscribeController = class MercureSubscribeController {
  options;
  hub;
  authorizer;
  constructor(options, hub, authorizer) {
    this.options = options;
    this.hub = hub;
    this.authorizer = authorizer;
  }
  /** A subscription too long for a URL, in a body. Nest has the method from 11.2 on; before, this is one more GET. */
  query(request, response) {
    return this.subscribe(request, response);
  }
  async subscribe(request, response) {
    const raw = rawRequest(request);
    const { protocol } = this.options;
    const inBody = await this.fieldsInBody(raw, request);
    const grants = await this.grantsOf(raw);
    const query = [...parseQuery(raw.url ?? ''), ...inBody];
    const wishes = wishesOf(query, protocol);
    const requested = requestedCursor(raw.headers, query, protocol);
    const subscriber = this.hub.register({
      matchers: wishes.map(({ matcher }) => matcher),
      wishes,
      grants,
      client: clientOf(raw, grants),
      bounded: true,
    });
    // From here on whoever goes away is given back; a HEAD's answer closes at once, too.
    const exchange = takeOver(request, response);
    exchange.response.once('close', () => this.hub.leave(subscriber));
    const cursor = requested ? await this.hub.locate(requested) : undefined;
    if (subscriber.closed) {
      // Ended by a shutdown while the cursor was looked up: no answer, so that the client tries again elsewhere.
      exchange.response.destroy();
      return;
    }
    setHubHeaders(exchange, this.options);
    const stream = openEventStream(
      exchange.request,
      exchange.response,
      this.cursorHeaders(requested, cursor),
    );
    if (stream) this.hub.begin(subscriber, stream, requested, cursor);
    else this.hub.leave(subscriber);
  }
  fieldsInBody(raw, request) {
    if (raw.method !== 'QUERY') return Promise.resolve([]);
    return subscriptionFields(raw, request.body, this.options.maxBodyBytes);
  }
  async grantsOf(request) {
    const grants = await this.authorizer.authenticate(
      authorizationRequest(request, this.options),
      'subscribe',
    );
    if (grants) return grants;
    if (this.options.anonymous) return NO_GRANTS;
    throw tokenMissing();
  }
  /**
   * Where the stream begins: after the requested update, or at `earliest` where that is not kept. Said whenever an
   * id was asked for, even an empty one. While the transport cannot say, it is the id asked for: the stream will
   * catch up from there, and tell a gap if it must.
   */
  cursorHeaders(requested, cursor) {
    if (requested === undefined) return {};
    const kept = requested !== '' && (cursor?.found ?? true);
    const value = encodeHeader(kept ? requested : 'earliest');
    return Object.fromEntries(cursorHeaderNames(this.options.protocol).map((name) => [name, value]));
  }
};
__decorate(
  [
    RequestMapping({ path: '', method: RequestMethod.QUERY }),
    __param(0, Req()),
    __param(1, Res()),
    __metadata('design:type', Function),
    __metadata('design:paramtypes', [Object, Object]),
    __metadata('design:returntype', Promise),
  ],
  MercureSubscribeController.prototype,
  'query',
  null,
);
__decorate(
  [
    Get(),
    __param(0, Req()),
    __param(1, Res()),
    __metadata('design:type', Function),
    __metadata('design:paramtypes', [Object, Object]),
    __metadata('design:returntype', Promise),
  ],
  MercureSubscribeController.prototype,
  'subscribe',
  null,
);
MercureSubscribeController = __decorate(
  [
    UseFilters(MercureExceptionFilter),
    __param(0, Inject(MERCURE_OPTIONS)),
    __param(1, Inject(Hub)),
    __param(2, Inject(Authorizer)),
    __metadata('design:paramtypes', [Object, Hub, Authorizer]),
  ],
  MercureSubscribeController,
);
export { MercureSubscribeController };
/** By what connections are counted: who the token is about, else where the request comes from. */
function clientOf(request, { subject }) {
  return subject === undefined ? `address:${request.socket.remoteAddress ?? ''}` : `subject:${subject}`;
}
//# sourceMappingURL=mercure-subscribe.controller.js.map
