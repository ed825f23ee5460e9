import { memory, MercureModule, MercureService, type Transport } from 'nestjs-mercure';
import { redis } from 'nestjs-mercure/redis';
import { typeOrm } from 'nestjs-mercure/typeorm';
import type { LoadUpdate } from '../wire/load.js';
import { KEY } from '../wire/tokens.js';
import type { Contestant, ContestantSettings } from './contestant.js';
import { type Adapter, createApp, listen } from './nest-app.js';

/** This package's hub inside a Nest application, published to by its service. */
export class HubContestant implements Contestant {
  private service: MercureService | undefined;

  constructor(private readonly adapter: Adapter) {}

  async listen({ port, maxUpdates, store }: ContestantSettings): Promise<number> {
    const hub = MercureModule.forRoot({
      anonymous: true,
      publisher: { key: KEY },
      subscriber: { key: KEY },
      transport: store === undefined ? memory({ maxUpdates, maxBytes: 0 }) : transportAt(store),
    });
    const app = await createApp(hub, this.adapter);
    this.service = app.get(MercureService);
    return listen(app, port);
  }

  publish({ topic, data, private: isPrivate, id }: LoadUpdate): Promise<string> {
    return this.service!.publish({ topic, data, private: isPrivate, id });
  }
}

export function transportAt(url: string): Transport {
  return url.startsWith('redis') ? redis({ url }) : typeOrm({ url });
}
