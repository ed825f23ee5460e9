import { BetterSse } from './better-sse.js';
import type { Contestant } from './contestant.js';
import { Floor } from './floor.js';
import { HubContestant } from './hub.js';
import { NestPost } from './nest-post.js';
import { NestSse } from './nest-sse.js';
import { NodeHttp } from './node-http.js';

/** Those that run in a process of the benchmark, by name. */
export const CONTESTANTS = {
  floor: () => new Floor(false),
  'floor-tls': () => new Floor(true),
  'node-http': () => new NodeHttp(false),
  'node-http2': () => new NodeHttp(true),
  'better-sse': () => new BetterSse(),
  'nest-sse-express': () => new NestSse('express'),
  'nest-sse-fastify': () => new NestSse('fastify'),
  'nest-post-express': () => new NestPost('express'),
  'nest-post-fastify': () => new NestPost('fastify'),
  'hub-express': () => new HubContestant('express'),
  'hub-fastify': () => new HubContestant('fastify'),
  'hub-tls': () => new HubContestant('fastify-tls'),
  'hub-http2': () => new HubContestant('fastify-http2'),
} satisfies Record<string, () => Contestant>;

export type ContestantName = keyof typeof CONTESTANTS;
