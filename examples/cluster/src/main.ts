import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { fileURLToPath } from 'node:url';
import { AppModule } from './app.module.js';
import { nodes, port } from './settings.js';

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
app.enableCors({ origin: [...nodes] });
app.useStaticAssets(fileURLToPath(new URL('../page', import.meta.url)));
await app.listen(port);

console.log(`
  One node of ${nodes.length}:  http://localhost:${port}
  Say something:   curl -d text=hello http://localhost:${port}/messages
`);
