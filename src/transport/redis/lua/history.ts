/**
 * What every script of the history begins with. Entries are `<number>-<stamp>`: the number counts updates and events
 * about subscriptions together, without holes; the stamp is the server's time in milliseconds, times 1024, plus a random
 * part, so that two histories that went apart (a replica that was promoted without the last entries) never have the same
 * entry. Each entry also carries the stamp of the one before it.
 */
export const HISTORY = `
local META = KEYS[1]
local UPDATES = { stream = KEYS[2], ids = KEYS[3], again = KEYS[4], dropped = 'dropped', bytes = 'bytes' }
local PRESENCE = { stream = KEYS[5], ids = KEYS[6], again = KEYS[7], dropped = 'presence-dropped', bytes = 'presence-bytes' }
local FORMAT = '1'
local STAMPS_PER_MS = 1024
-- What an entry costs beside its text.
local OVERHEAD = 200

local function numberOf(entry) return tonumber(string.match(entry, '^%d+')) end
local function stampOf(entry) return string.match(entry, '%d+$') end
local function timeOf(entry) return math.floor(tonumber(stampOf(entry)) / STAMPS_PER_MS) end
local function whole(number) return string.format('%.0f', number) end

-- The server's clock, never before the newest entry: it may be set back.
local function timeAfter(entry)
  local clock = redis.call('TIME')
  return math.max(tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000), timeOf(entry))
end

-- Redis before 7 must be told that a script which read the clock will write.
if redis.replicate_commands then redis.replicate_commands() end
`;

/** Begins a history where there is none: whatever else is left of an earlier one goes. */
export const BEGIN = `
local function begin(epoch)
  if redis.call('HEXISTS', META, 'epoch') == 1 then return end
  -- First what needs memory: a full server refuses it before anything is done.
  redis.call('HSET', META, 'format', FORMAT, 'epoch', epoch, 'last', '0-0',
    UPDATES.dropped, '0-0', PRESENCE.dropped, '0-0', UPDATES.bytes, '0', PRESENCE.bytes, '0')
  for index = 2, 13 do redis.call('UNLINK', KEYS[index]) end
end
`;

/** The id index: an id means its first kept entry. */
export const INDEX = `
local function index(log, id, entry)
  if redis.call('HSETNX', log.ids, id, entry) == 1 then return end
  local before = redis.call('HGET', log.again, 'last ' .. id) or redis.call('HGET', log.ids, id)
  redis.call('HSET', log.again, 'after ' .. before, entry, 'last ' .. id, entry)
end

-- Of the oldest entry, so it is the first of its id.
local function unindex(log, id, entry)
  if redis.call('HGET', log.ids, id) ~= entry then return end
  local following = redis.call('HGET', log.again, 'after ' .. entry)
  if not following then
    redis.call('HDEL', log.ids, id)
    return
  end
  redis.call('HSET', log.ids, id, following)
  redis.call('HDEL', log.again, 'after ' .. entry)
  if redis.call('HGET', log.again, 'last ' .. id) == following then redis.call('HDEL', log.again, 'last ' .. id) end
end
`;

/** Dropping the oldest, a step at a time: a script that takes long stops everybody's Redis. */
export const TRIM = `
local CHUNK = 16
local function weigh(fields) return OVERHEAD + #fields[2] + #fields[4] + #fields[6] end

-- bounds: count, bytes, since (a time), 0 is none; at most so many steps, and bytes read
local function trim(log, bounds, steps, allowance)
  local length = redis.call('XLEN', log.stream)
  local bytes = tonumber(redis.call('HGET', META, log.bytes))
  local count, freed, dropped = 0, 0, nil
  local function isFull()
    return (bounds.count > 0 and length - count > bounds.count) or (bounds.bytes > 0 and bytes - freed > bounds.bytes)
  end
  local function isOld(entry) return bounds.since > 0 and timeOf(entry) < bounds.since end
  local going = isFull() or bounds.since > 0
  while going and count < length do
    for _, each in ipairs(redis.call('XRANGE', log.stream, dropped and '(' .. dropped or '-', '+', 'COUNT', CHUNK)) do
      going = count < steps and freed < allowance and (isFull() or isOld(each[1]))
      if not going then break end
      unindex(log, each[2][2], each[1])
      count, freed, dropped = count + 1, freed + weigh(each[2]), each[1]
    end
  end
  if count == 0 then return 0 end
  redis.call('XTRIM', log.stream, 'MAXLEN', length - count)
  redis.call('HSET', META, log.dropped, dropped)
  redis.call('HINCRBY', META, log.bytes, -freed)
  return count
end
`;
