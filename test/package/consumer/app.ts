import 'reflect-metadata';
import { Controller, Get, type MessageEvent, Module, Param, Res, Sse } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Broadcast, MercureModule, type MercureOptions, MercureService } from 'nestjs-mercure';
import type { Observable } from 'rxjs';

// An application as its author would write it. The suite compiles it as ESM and as CommonJS, without the engines
// (typeorm) that are optional, and runs it on the adapter named by the first argument.

const options: MercureOptions = { anonymous: true };

@Broadcast({ topic: 'https://example.com/books/{id}', private: (book) => book.id > 9 })
export class Book {
  id = 1;
}

@Controller()
export class NodesController {
  constructor(private readonly mercure: MercureService) {}

  @Sse('nodes/:id')
  follow(@Param('id') id: string): Observable<MessageEvent> {
    return this.mercure.subscribe(id);
  }

  @Get()
  index(@Res({ passthrough: true }) response: object): string {
    this.mercure.discover(response);
    return 'hello';
  }
}

@Module({ imports: [MercureModule.forRoot(options)], controllers: [NodesController] })
export class AppModule {}

async function main(): Promise<void> {
  const adapter = process.argv[2] === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  const origin = await app.getUrl();

  const index = await fetch(origin);
  console.log(index.headers.get('link'));

  const topic = 'https://example.com/books/1';
  const stream = await fetch(`${origin}/.well-known/mercure?topic=${encodeURIComponent(topic)}`);
  const id = await app.get(MercureService).publish({ topic, data: { title: 'Dune' } });
  const frame = await readUntil(stream, '"title"');
  console.log(frame.includes(`id: ${id}\n`) ? frame : `not the update that was published: ${frame}`);

  await app.close();
}

async function readUntil(response: Response, text: string): Promise<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let read = '';
  while (!read.includes(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended after ${JSON.stringify(read)}`);
    read += value;
  }
  return read;
}

void main();
