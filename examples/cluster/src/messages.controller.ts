import { BadRequestException, Body, Controller, Post } from '@nestjs/common';
import { MercureService } from 'nestjs-mercure';
import { port } from './settings.js';

/** Of no node: the same topic on each of them. */
export const MESSAGES = 'https://example.com/messages';

@Controller('messages')
export class MessagesController {
  constructor(private readonly mercure: MercureService) {}

  /** Tells everybody, whatever node they follow. */
  @Post()
  async say(@Body() { text }: { text?: unknown }): Promise<{ id: string }> {
    if (typeof text !== 'string' || text === '') throw new BadRequestException('Send { "text": "…" }.');
    const id = await this.mercure.publish({ topic: MESSAGES, data: { text, saidOn: port } });
    return { id };
  }
}
