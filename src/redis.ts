export { redis, type RedisTransport } from './transport/redis/redis-transport.js';
export type { RedisTransportOptions } from './transport/redis/redis-options.js';
