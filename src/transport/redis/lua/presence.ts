/** The server's clock, in ms: those of nodes differ. */
const NOW = `
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
`;

/**
 * Renews the lease of a node and writes what changed of its subscriptions.
 *
 * KEYS: the nodes, the node's subscriptions. ARGV: node, lease (ms), how many are gone, their ids, then id and text of
 * each that is there. Answers whether its lease was still running, and how many subscriptions it has.
 */
export const RENEW = `
${NOW}
local endsAt = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
local added = 4 + tonumber(ARGV[3])
for index = 4, added - 1 do redis.call('HDEL', KEYS[2], ARGV[index]) end
for index = added, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[index], ARGV[index + 1]) end
return { endsAt >= now and 1 or 0, redis.call('HLEN', KEYS[2]) }
`;

/** The nodes by whether their lease is over. KEYS: the nodes. Answers those that live, and some that do not. */
export const NODES = `
${NOW}
return {
  redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf'),
  redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now, 'LIMIT', 0, 10),
}
`;

/**
 * Takes over what a dead node left behind, under a name and a lease of the taker's: should that die as well, somebody
 * takes it over from there.
 *
 * KEYS: the nodes, the dead node's subscriptions, the same under the new name. ARGV: dead node, new name, lease (ms).
 * Answers whether there is something, and nobody else has it.
 */
export const TAKE_OVER = `
${NOW}
local endsAt = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or now)
if endsAt >= now then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('RENAME', KEYS[2], KEYS[3])
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[2])
return 1
`;
