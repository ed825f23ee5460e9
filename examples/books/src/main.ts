import 'reflect-metadata';
import type { LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MercureService } from 'nestjs-mercure';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { AppModule } from './app.module.js';
import { port, publicUrl } from './settings.js';

const logged: LogLevel[] = ['warn', 'error'];
const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: logged });
const mercure = app.get(MercureService);

app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
app.useStaticAssets(fileURLToPath(new URL('../page', import.meta.url)), {
  setHeaders: (response: ServerResponse) => {
    mercure.discover(response);
    response.setHeader('Content-Security-Policy', "default-src 'self'; img-src data:");
  },
});
await app.init();
// Nest logs why it cannot listen, and throws it: once is enough.
app.useLogger(false);
await app.listen(port).catch((error: unknown) => {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  console.error(
    `Port ${port} is taken (EADDRINUSE): end what listens there, or set another one, like PORT=${port + 1}.`,
  );
  process.exit(1);
});
app.useLogger(logged);

console.log(`
  Books, live:      ${publicUrl}
  Follow the hub:   curl -N '${publicUrl}/.well-known/mercure?topic=*'
  Add a book:       curl -d 'title=Dune' ${publicUrl}/books
`);
