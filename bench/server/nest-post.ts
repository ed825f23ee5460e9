import { Body, Controller, Headers, HttpCode, Module, Post, UnauthorizedException } from '@nestjs/common';
import { PUBLISHER_TOKEN } from '../wire/tokens.js';
import type { Contestant, ContestantSettings } from './contestant.js';
import { type Adapter, createApp, listen } from './nest-app.js';

const tokens = new Map([[PUBLISHER_TOKEN, { publish: ['*'] }]]);
let count = 0;

@Controller('publications')
class PublicationsController {
  @Post()
  @HttpCode(200)
  publish(@Headers('authorization') authorization: string, @Body() body: Record<string, unknown>): string {
    if (!tokens.has(authorization.slice('Bearer '.length))) throw new UnauthorizedException();
    if (typeof body['topic'] !== 'string') throw new TypeError('No topic');
    return `urn:bench:${++count}`;
  }
}

@Module({ controllers: [PublicationsController] })
class PublicationsModule {}

/** The least a Nest handler can do with a publication: its parser reads the form, a Map knows the token, that is all. */
export class NestPost implements Contestant {
  constructor(private readonly adapter: Adapter) {}

  async listen({ port }: ContestantSettings): Promise<number> {
    return listen(await createApp(PublicationsModule, this.adapter), port);
  }

  publish(): void {
    throw new Error('It is published to over HTTP alone');
  }
}
