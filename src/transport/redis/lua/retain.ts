/** Part of `APPEND`: the newest update of each topic, each update once, of the topics that were updated last. */
export const RETAIN = `
local TOPICS, BY_AGE, RETAINED, USES = KEYS[10], KEYS[11], KEYS[12], KEYS[13]
local maxTopics = tonumber(ARGV[7])

local function release(entry)
  if redis.call('HINCRBY', USES, entry, -1) <= 0 then
    redis.call('HDEL', USES, entry)
    redis.call('HDEL', RETAINED, entry)
  end
end

local function retain(entry, id, head, data)
  if maxTopics == 0 then return end
  redis.call('HSET', RETAINED, entry, cmsgpack.pack({ id, head, data }))
  for _, topic in ipairs(cjson.decode(head)[2]) do
    local before = redis.call('HGET', TOPICS, topic)
    if before ~= entry then
      redis.call('HSET', TOPICS, topic, entry)
      redis.call('HINCRBY', USES, entry, 1)
      redis.call('ZADD', BY_AGE, number, topic)
      if before then release(before) end
    end
  end
  local over = redis.call('ZCARD', BY_AGE) - maxTopics
  if over <= 0 then return end
  for _, topic in ipairs(redis.call('ZRANGE', BY_AGE, 0, math.min(over, 2000) - 1)) do
    release(redis.call('HGET', TOPICS, topic))
    redis.call('HDEL', TOPICS, topic)
    redis.call('ZREM', BY_AGE, topic)
  end
end
`;

/** The retained updates of topics. KEYS: those of the history. ARGV: topics. Answers the epoch, and per update its entry, id, head and data. */
export const LATEST = `
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local found, seen = {}, {}
for _, topic in ipairs(ARGV) do
  local entry = redis.call('HGET', KEYS[10], topic)
  local packed = entry and not seen[entry] and redis.call('HGET', KEYS[12], entry)
  if packed then
    seen[entry] = true
    local update = cmsgpack.unpack(packed)
    found[#found + 1] = { entry, update[1], update[2], update[3] }
  end
end
return { epoch or '', found }
`;
