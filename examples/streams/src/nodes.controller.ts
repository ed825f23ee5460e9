import { Controller, Header, Headers, type MessageEvent, Param, Query, Sse } from '@nestjs/common';
import { MercureService } from 'nestjs-mercure';
import { map, type Observable } from 'rxjs';

/**
 * Streams at friendly paths, as servers of XMPP publish-subscribe offer them: an event for each item of a node, without a
 * name, with the item's id, for pages of any origin.
 */
@Controller('eventsource')
export class NodesController {
  constructor(private readonly mercure: MercureService) {}

  @Sse(':node')
  @Header('Access-Control-Allow-Origin', '*')
  items(
    @Param('node') node: string,
    @Headers('last-event-id') lastEventId?: string,
    @Query('last_event_id') since?: string,
  ): Observable<MessageEvent> {
    return this.mercure.subscribe(node, { lastEventId: lastEventId || since }).pipe(map(unnamed));
  }
}

/** Browsers hear only unnamed events with `onmessage`. That items are missing (`mercure`) is not an item. */
function unnamed(event: MessageEvent): MessageEvent {
  const { type, ...item } = event;
  return type === 'mercure' ? event : item;
}
