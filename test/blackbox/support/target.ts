import { createHubApp } from '../../support/hub-app.js';
import { ISSUER, KEY } from '../../support/tokens.js';
import { startProgram } from '../../standalone/support/program.js';
import type { MercureOptions } from '../../../src/index.js';
import type { Generation, Setup } from './row.js';

/** A hub that runs, and what its configuration says to those who use it. */
export interface Target {
  readonly url: string;
  readonly generation: Generation;
  readonly issuer: string;
  /** The `aud` it demands. */
  readonly audience: string;
  readonly publisherKey: string;
  readonly subscriberKey: string;
  stop(): Promise<void>;
}

export type Start = (generation: Generation, setup: Setup) => Promise<Target>;

export const NAMED_AUDIENCE = 'https://hub.test/.well-known/mercure';
const PAGES = ['https://listed.test', 'https://*.apps.test'];
const KEYS = { publisher: { key: KEY }, subscriber: { key: KEY } };

const OPTIONS: Record<Setup, MercureOptions> = {
  open: {
    ...KEYS,
    anonymous: true,
    subscriptions: true,
    corsOrigins: PAGES,
    publishOrigins: [PAGES[0]!],
  },
  closed: { ...KEYS, anonymous: false, maxBodyBytes: 1024, heartbeatMs: 200, cookieName: 'hub_token' },
  mute: {
    publisher: undefined,
    subscriber: undefined,
    issuer: undefined,
    anonymous: true,
    subscriptions: true,
    corsOrigins: ['*'],
  },
  named: {
    ...KEYS,
    anonymous: true,
    subscriptions: true,
    publicUrl: 'https://hub.test',
    publicUrls: ['http://hub.test'],
    resourceIdentifier: NAMED_AUDIENCE,
  },
};

const KEY_VARIABLES = { MERCURE_PUBLISHER_JWT_KEY: KEY, MERCURE_SUBSCRIBER_JWT_KEY: KEY };

const VARIABLES: Record<Setup, Record<string, string>> = {
  open: {
    ...KEY_VARIABLES,
    MERCURE_ANONYMOUS: '1',
    MERCURE_SUBSCRIPTIONS: '1',
    MERCURE_CORS_ALLOWED_ORIGINS: PAGES.join(' '),
    MERCURE_PUBLISH_ALLOWED_ORIGINS: PAGES[0]!,
  },
  closed: {
    ...KEY_VARIABLES,
    MERCURE_MAX_REQUEST_BODY_SIZE: '1024',
    MERCURE_HEARTBEAT: '200ms',
    MERCURE_COOKIE_NAME: 'hub_token',
  },
  mute: { MERCURE_ANONYMOUS: '1', MERCURE_SUBSCRIPTIONS: '1', MERCURE_CORS_ALLOWED_ORIGINS: '*' },
  named: {
    ...KEY_VARIABLES,
    MERCURE_ANONYMOUS: '1',
    MERCURE_SUBSCRIPTIONS: '1',
    MERCURE_PUBLIC_URL: 'https://hub.test',
    MERCURE_PUBLIC_URLS: 'http://hub.test',
    MERCURE_RESOURCE_IDENTIFIER: NAMED_AUDIENCE,
  },
};

const known = (setup: Setup, url: string) => ({
  url,
  issuer: ISSUER,
  audience: setup === 'named' ? NAMED_AUDIENCE : url,
  publisherKey: KEY,
  subscriberKey: KEY,
});

/** The module in an application. */
export const inApplication =
  (adapter: 'express' | 'fastify'): Start =>
  async (generation, setup) => {
    const options = { resourceIdentifier: undefined, ...OPTIONS[setup], protocol: generation };
    const hub = await createHubApp({ adapter, options });
    return { ...known(setup, hub.url), generation, stop: () => hub.close() };
  };

/** The program, as it is built from these sources, in a process of its own. */
export const asProgram: Start = async (generation, setup) => {
  const program = startProgram({
    ADDR: '127.0.0.1:0',
    MERCURE_PROTOCOL: generation,
    MERCURE_TRUSTED_ISSUERS: ISSUER,
    MERCURE_SHUTDOWN_SPREAD: '0',
    ...VARIABLES[setup],
  });
  const url = await program.url();
  return {
    ...known(setup, url),
    generation,
    stop: async () => {
      program.kill('SIGTERM');
      const { code } = await program.exit();
      if (code !== 0) throw new Error(`The program ended with ${code}: ${program.stderr.text}`);
    },
  };
};

/** What a hub elsewhere is called in the environment: docs/protocol.md lists the variables. */
export function elsewhere(setup: Setup): Target | undefined {
  const { env } = process;
  const url = setup === 'open' ? env['BLACKBOX_URL'] : env[`BLACKBOX_URL_${setup.toUpperCase()}`];
  if (!url) return undefined;
  const publisherKey = env['BLACKBOX_PUBLISHER_KEY'] ?? KEY;
  return {
    url,
    generation: (env['BLACKBOX_GENERATION'] ?? 'both') as Generation,
    issuer: env['BLACKBOX_ISSUER'] ?? ISSUER,
    audience: setup === 'named' ? NAMED_AUDIENCE : (env['BLACKBOX_AUDIENCE'] ?? url),
    publisherKey,
    subscriberKey: env['BLACKBOX_SUBSCRIBER_KEY'] ?? publisherKey,
    stop: () => Promise.resolve(),
  };
}
