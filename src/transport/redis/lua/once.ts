/**
 * Part of `APPEND`: what was stored under which id, within a window by age and count. By the server's clock: those of
 * nodes differ.
 */
export const ONCE = `
local STORED, ORDER = KEYS[8], KEYS[9]
local maxAge, maxCount = tonumber(ARGV[8]), tonumber(ARGV[9])

-- The digest, and when it was stored, in front of it.
local function storedAs(id)
  local stored = redis.call('HGET', STORED, id)
  if not stored then return nil end
  local at, digest = string.match(stored, '^(%d+) (.*)$')
  if maxAge > 0 and now - tonumber(at) > maxAge then return nil end
  return digest
end

local function isStored(id) return storedAs(id) ~= nil end

local function conflictOf(first, after)
  local inCall = {}
  for each = first, after - 1, 4 do
    local id, digest = ARGV[each], ARGV[each + 3]
    local stored = inCall[id] or storedAs(id)
    if stored and stored ~= digest then return id end
    inCall[id] = digest
  end
  return nil
end

local function forgetOldest()
  local at, id = string.match(redis.call('LPOP', ORDER), '^(%d+) (.*)$')
  local stored = redis.call('HGET', STORED, id)
  -- An id whose time was over may have been stored again since.
  if stored and string.sub(stored, 1, #at + 1) == at .. ' ' then redis.call('HDEL', STORED, id) end
end

local function isOver()
  local oldest = redis.call('LINDEX', ORDER, 0)
  if not oldest then return false end
  if maxCount > 0 and redis.call('LLEN', ORDER) > maxCount then return true end
  return maxAge > 0 and now - tonumber(string.match(oldest, '^%d+')) > maxAge
end

local forgotten = 0
local function remember(id, digest)
  redis.call('HSET', STORED, id, whole(now) .. ' ' .. digest)
  redis.call('RPUSH', ORDER, whole(now) .. ' ' .. id)
  while forgotten < 500 + added and isOver() do
    forgetOldest()
    forgotten = forgotten + 1
  end
end
`;
