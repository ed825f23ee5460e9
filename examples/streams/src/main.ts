import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MercureService } from 'nestjs-mercure';
import { fileURLToPath } from 'node:url';
import { AppModule } from './app.module.js';
import { readersSecret } from './reports.controller.js';

export const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
app.useStaticAssets(fileURLToPath(new URL('../page', import.meta.url)));
await app.listen(process.env['PORT'] || 3000);

const token = await app.get(MercureService).createToken({ publish: ['*'] });

console.log(`
  Streams:              ${(await app.getUrl()).replace('[::1]', 'localhost')}
  To publish:           export TOKEN=${token}
  To read the reports:  export READERS_SECRET=${readersSecret}
`);
