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
import { Inject, Post, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { mayPublish } from '../authorization/may.js';
import { grantMissing } from '../authorization/refusals.js';
import { Hub } from '../hub/hub.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import { createUpdate } from '../update/create-update.js';
import { idGenerator } from '../update/update-id.js';
import { validateTopics } from '../update/validate-update.js';
import { grantsOf } from './authorization-request.js';
import { answer, rawRequest, takeOver } from './exchange.js';
import { setHubHeaders } from './hub-headers.js';
import { MercureExceptionFilter } from './mercure-exception.filter.js';
import { MercurePublishGuard } from './mercure-publish.guard.js';
import { publicationOf } from './publication.js';
import { publicationFields } from './publication-body.js';
/** `POST` on the hub's URL: one update, answered with its id once it is stored. */
let MercurePublishController = class MercurePublishController {
  options;
  hub;
  generateId;
  constructor(options, hub) {
    this.options = options;
    this.hub = hub;
    this.generateId = idGenerator(options.generateId);
  }
  async publish(request, response) {
    const raw = rawRequest(request);
    const { body } = request;
    const fields = await publicationFields(raw, body, this.options.maxBodyBytes);
    const publication = publicationOf(fields);
    validateTopics(publication.topic, this.options);
    const grants = grantsOf(raw);
    if (!mayPublish(grants, publication.topic, publication.private ?? false, this.options))
      throw grantMissing(grants);
    const update = createUpdate(publication, this.generateId);
    await this.hub.publish([update]);
    await this.hub.settled();
    const exchange = takeOver(request, response);
    setHubHeaders(exchange, this.options);
    answer(exchange, 200, { 'Content-Type': 'text/plain; charset=utf-8' }, update.id);
  }
};
__decorate(
  [
    Post(),
    __param(0, Req()),
    __param(1, Res()),
    __metadata('design:type', Function),
    __metadata('design:paramtypes', [Object, Object]),
    __metadata('design:returntype', Promise),
  ],
  MercurePublishController.prototype,
  'publish',
  null,
);
MercurePublishController = __decorate(
  [
    UseFilters(MercureExceptionFilter),
    UseGuards(MercurePublishGuard),
    __param(0, Inject(MERCURE_OPTIONS)),
    __param(1, Inject(Hub)),
    __metadata('design:paramtypes', [Object, Hub]),
  ],
  MercurePublishController,
);
export { MercurePublishController };
//# sourceMappingURL=mercure-publish.controller.js.map
