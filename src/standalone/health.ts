import { request as http } from 'node:http';
import { request as https } from 'node:https';
import type { ServerSettings } from './server-settings.js';

/** Where the program tells that it lives; nothing an application would serve. */
export const HEALTH_PATH = '/healthz';

/** How long an answer may take. Milliseconds. */
const PATIENCE_MS = 2000;

/** Whether the hub of these settings answers, on this machine: for the health checks of containers. */
export function isHealthy({ port, host = 'localhost', tls }: ServerSettings): Promise<boolean> {
  return new Promise((resolve) => {
    // Its certificate is for the name clients use, which is not the one asked here.
    const settings = { host, port, path: HEALTH_PATH, timeout: PATIENCE_MS, rejectUnauthorized: false };
    const request = tls ? https(settings) : http(settings);
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
    request.end();
  });
}
