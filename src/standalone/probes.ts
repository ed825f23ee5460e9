import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MercureError } from '../errors.js';
import { MercureService } from '../mercure.service.js';
import { HEALTH_PATH } from './health.js';

/** Where the program tells whether it should be sent anything. */
const READY_PATH = '/readyz';

/** Anybody may ask: what exactly is wrong, with the addresses of servers in it, is for the log. */
const REASONS: Readonly<Record<string, string>> = {
  TRANSPORT_UNAVAILABLE: 'The store of the updates is away, or refuses them',
  HUB_CLOSED: 'The hub is shutting down',
};

/** Answers probes: that it lives, as long as it answers at all; that it is ready, while publications are taken. */
export function answerProbes(app: NestFastifyApplication, logger: LoggerService): void {
  const server = app.getHttpAdapter().getInstance();
  const hub = app.get(MercureService);
  let wasReady = true;
  server.get(HEALTH_PATH, (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'));
  server.get(READY_PATH, async (_request, reply) => {
    const error = await faultOf(hub);
    if (error && wasReady) logger.warn(`Not ready: ${error.remedy}`);
    else if (!error && !wasReady) logger.warn('Ready again');
    wasReady = !error;
    void reply.header('Cache-Control', 'no-store');
    if (!error) return { status: 'ok' };
    const { code, status } = error;
    void reply.code(status).header('Retry-After', '1');
    return { status: 'error', code, reason: REASONS[code] };
  });
}

async function faultOf(hub: MercureService): Promise<MercureError | undefined> {
  try {
    await hub.checkHealth();
    return undefined;
  } catch (error) {
    return error as MercureError;
  }
}
