import { Controller, Get } from '@nestjs/common';
import { MESSAGES } from './messages.controller.js';
import { nodes } from './settings.js';

@Controller('nodes')
export class NodesController {
  /** What the page has to know. */
  @Get()
  list(): { nodes: readonly string[]; topic: string } {
    return { nodes, topic: MESSAGES };
  }
}
