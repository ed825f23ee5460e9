import { Inject, Post, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { mayPublish } from '../authorization/may.js';
import { grantMissing } from '../authorization/refusals.js';
import { Hub } from '../hub/hub.js';
import { MERCURE_OPTIONS } from '../mercure.tokens.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import { createUpdate, idOrigin } from '../update/create-update.js';
import { idGenerator } from '../update/update-id.js';
import { validateTopics } from '../update/validate-update.js';
import { grantsOf } from './authorization-request.js';
import { answer, rawRequest, takeOver } from './exchange.js';
import { HubPlaceGuard } from './hub-place.guard.js';
import { hubHeaders } from './hub-headers.js';
import { MercureExceptionFilter } from './mercure-exception.filter.js';
import { MercurePublishGuard } from './mercure-publish.guard.js';
import { valuesOf } from './form.js';
import { publicationOf } from './publication.js';
import { publicationFields } from './publication-body.js';

const PLAIN_TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };

/** `POST` on the hub's URL: one update, answered with its id once it is stored. */
@UseFilters(MercureExceptionFilter)
@UseGuards(HubPlaceGuard, MercurePublishGuard)
export class MercurePublishController {
  private readonly generateId: () => string;

  constructor(
    @Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Hub) private readonly hub: Hub,
  ) {
    this.generateId = idGenerator(options.generateId);
  }

  @Post()
  async publish(@Req() request: unknown, @Res() response: unknown): Promise<void> {
    const raw = rawRequest(request);
    const { body } = request as { body?: unknown };
    const fields = await publicationFields(raw, body, this.options.maxBodyBytes);
    validateTopics(valuesOf(fields, 'topic'), this.options);
    const publication = publicationOf(fields);
    const grants = grantsOf(raw);
    if (!mayPublish(grants, publication.topic, publication.private ?? false, this.options))
      throw grantMissing(grants);
    const update = createUpdate(publication, this.generateId);
    await this.hub.publish([update], idOrigin([publication]));
    const settled = this.hub.settled([update]);
    if (settled) await settled;
    const exchange = takeOver(request, response);
    answer(exchange, 200, hubHeaders(exchange, this.options, PLAIN_TEXT), update.id);
  }
}
