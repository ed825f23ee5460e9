import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type Type,
} from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import type { MercureResourceOptions } from './mercure-resource-options.js';
import { ResourceLinks } from './resource-links.js';
import type { ResourcePlan } from './resource-plan.js';

/**
 * Makes the interceptor of one handler.
 *
 * **Why nothing is missed between a read and the stream.** The cursor is the id of the newest update this node has
 * *dispatched*, taken before the handler starts; behind a dispatched update nothing can appear any more, on any
 * transport. A change of the database that the handler's read does not show was committed after the cursor was taken. It
 * is published after its commit, takes the next place of the history, behind the cursor, and reaches whoever follows
 * from there: while it is in the queue of broadcasts, in the transport, or on its way to this node, it is not dispatched
 * and so not behind the cursor either. What the read does show may come once more, and older states of it before; the
 * last one told is the newest. In the other order, the read first, a change that is committed and dispatched between
 * the two is in neither.
 *
 * This holds for reads that begin in the handler. In a transaction that a middleware or guard began earlier, under
 * REPEATABLE READ or SERIALIZABLE, a read shows an older state than the cursor's; so does a replica that lags behind.
 *
 * @param handler class and method, for messages
 */
export function resourceInterceptor(options: MercureResourceOptions, handler: string): Type<NestInterceptor> {
  @Injectable()
  class MercureResourceInterceptor implements NestInterceptor, OnApplicationBootstrap {
    #plan: ResourcePlan | undefined;

    constructor(@Inject(ResourceLinks) private readonly links: ResourceLinks) {}

    /** Called by Nest when every DataSource that Nest initializes is. */
    onApplicationBootstrap(): void {
      this.#plan = this.links.plan(options, handler);
    }

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      if (context.getType() !== 'http' || !this.#plan) return next.handle();
      const plan = this.#plan;
      const cursor = this.links.cursor();
      const http = context.switchToHttp();
      const { params } = http.getRequest<{ params: Record<string, string> }>();
      const write = (body: unknown) =>
        this.links.write(http.getResponse(), cursor, handler, () => plan(body, params));
      let body: unknown;
      return next.handle().pipe(
        tap({
          next: (value) => (body = value),
          complete: () => write(body),
          // A resource that is not there has no topic that anybody should be told.
          error: () => this.links.write(http.getResponse(), cursor, handler, () => NOTHING),
        }),
      );
    }
  }
  return MercureResourceInterceptor;
}

const NOTHING = { topic: undefined, hints: {} };
