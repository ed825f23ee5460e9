import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MercureService } from 'nestjs-mercure';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { AppModule } from './app.module.js';
import { port, publicUrl } from './settings.js';

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['warn', 'error'] });
const mercure = app.get(MercureService);

app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
app.useStaticAssets(fileURLToPath(new URL('../page', import.meta.url)), {
  setHeaders: (response: ServerResponse) => {
    mercure.discover(response);
    response.setHeader('Content-Security-Policy', "default-src 'self'; img-src data:");
  },
});
await app.listen(port);

console.log(`
  Books, live:      ${publicUrl}
  Follow the hub:   curl -N '${publicUrl}/.well-known/mercure?topic=*'
  Add a book:       curl -d 'title=Dune' ${publicUrl}/books
`);
