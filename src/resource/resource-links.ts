import { Logger } from '@nestjs/common';
import type { BroadcastService } from '../broadcast/broadcast.service.js';
import { FaultLog } from '../broadcast/fault-log.js';
import { discoveryLink } from '../http/discovery.js';
import { appendHeader } from '../http/exchange.js';
import type { Hub } from '../hub/hub.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { MercureResourceOptions } from './mercure-resource-options.js';
import { planResource, type ResourcePlan, type Told } from './resource-plan.js';

/** What a URI may hold (RFC 3986 §2), and so a `Link` field's target. */
const URI = /^[a-z][a-z\d+.-]*:[\w\-.~:/?#[\]@!$&'()*+,;=%]*$/i;

/** The hub and the entities, as `@MercureResource()` needs them. */
export class ResourceLinks {
  readonly #faults = new FaultLog(new Logger('MercureResource'));

  constructor(
    private readonly options: ResolvedOptions,
    private readonly hub: Hub,
    private readonly broadcasts: BroadcastService,
  ) {}

  /** @throws MercureError OPTIONS_INVALID */
  plan(options: MercureResourceOptions, handler: string): ResourcePlan {
    return planResource(options, handler, this.broadcasts, this.options.publicUrl);
  }

  /** The id of the newest dispatched update, `earliest` where there is none yet. */
  cursor(): string {
    return this.hub.lastEventId ?? 'earliest';
  }

  /**
   * Writes the `Link` fields of an answer.
   *
   * @param cursor taken before what is answered was read
   * @param tell what else; where it fails the answer goes without, and that is logged
   */
  write(response: unknown, cursor: string, handler: string, tell: () => Told): void {
    try {
      const { topic, hints } = this.#told(handler, tell);
      appendHeader(response, 'Link', discoveryLink(this.options, { lastEventId: cursor, ...hints }));
      if (topic === undefined) return;
      if (URI.test(topic)) appendHeader(response, 'Link', `<${topic}>; rel="self"`);
      else this.#fault(handler, 'the topic is no URI', 'Percent-encode what is not ASCII in "topic".');
    } catch (error) {
      this.#fault(handler, error, 'Leave the answer to Nest: @Res({ passthrough: true }).');
    }
  }

  #told(handler: string, tell: () => Told): Told {
    try {
      return tell();
    } catch (error) {
      this.#fault(handler, error, 'Correct its "topic"; until then its clients are told none.');
      return { topic: undefined, hints: {} };
    }
  }

  #fault(handler: string, cause: unknown, remedy: string): void {
    this.#faults.error(`Links of ${handler}`, cause, remedy);
  }
}
