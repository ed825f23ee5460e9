import { UseInterceptors } from '@nestjs/common';
import { checkResourceOptions, type MercureResourceOptions } from './mercure-resource-options.js';
import { resourceInterceptor } from './mercure-resource.interceptor.js';

/**
 * Put on a handler that returns a resource, it tells clients in `Link` fields how to follow it: where the hub is, from
 * which id to follow so that no change is missed (taken before the handler reads), and, with `rel="self"`, on which
 * topic. A client that opens `{hub}?topic={self}&lastEventID={last-event-id}` misses nothing of what it read.
 *
 * ```ts
 * @Get(':id')
 * @MercureResource()
 * one(@Param('id') id: string): Promise<Book> { … }
 * ```
 *
 * An answer that is an error tells the hub and no topic. A handler that takes the response must leave it to Nest
 * (`@Res({ passthrough: true })`).
 *
 * @throws MercureError OPTIONS_INVALID; when the application starts, for an entity that is not broadcast, or that has
 * no collection, and for a relative topic without `publicUrl`
 */
export function MercureResource(options: MercureResourceOptions = {}): MethodDecorator {
  return (target, key, descriptor) => {
    const handler = `${target.constructor.name}.${String(key)}`;
    checkResourceOptions(options, handler);
    return UseInterceptors(resourceInterceptor(options, handler))(target, key, descriptor);
  };
}
