import { Controller, type MessageEvent, Module, Sse } from '@nestjs/common';
import { type Observable, Subject } from 'rxjs';
import type { LoadUpdate } from '../wire/load.js';
import type { Contestant, ContestantSettings } from './contestant.js';
import { type Adapter, createApp, listen } from './nest-app.js';

const updates = new Subject<MessageEvent>();

@Controller()
class EventsController {
  @Sse('events')
  events(): Observable<MessageEvent> {
    return updates;
  }
}

@Module({ controllers: [EventsController] })
class EventsModule {}

/** What Nest has by itself: an `@Sse()` handler that returns one Subject to everybody. */
export class NestSse implements Contestant {
  constructor(private readonly adapter: Adapter) {}

  async listen({ port }: ContestantSettings): Promise<number> {
    return listen(await createApp(EventsModule, this.adapter), port);
  }

  publish({ data }: LoadUpdate): void {
    updates.next({ data });
  }
}
