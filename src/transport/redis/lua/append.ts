import { BEGIN, HISTORY, INDEX, TRIM } from './history.js';
import { ONCE } from './once.js';
import { RETAIN } from './retain.js';

/** Events about subscriptions are kept by bounds of their own. */
const PRESENCE_MAX_COUNT = 10_000;

/**
 * Appends the updates of one call: several publications ("groups"), each whole or, where it is refused, not at all.
 *
 * A call that is made again is not done again: the newest call of each node is remembered with what became of it.
 *
 * KEYS: those of the history, then the node's call.
 * ARGV: number of the call, how long to remember it (ms), random part of the stamp, epoch where there is none yet,
 * most updates, bytes, topics retained, once: age (ms), once: count; then per group its kind, its size, and per update its id,
 * head, data and digest.
 * Answers the number of the call, the epoch, the newest entry, and per group the id it conflicts in, or ''.
 */
export const APPEND = `
${HISTORY}${BEGIN}${INDEX}${TRIM}
local CALL, call = KEYS[14], tonumber(ARGV[1])
local before = redis.call('GET', CALL)
if before then
  local answer = cmsgpack.unpack(before)
  if answer[1] == call then return answer end
  if answer[1] > call then return redis.error_reply('ERR this call was given up') end
end
begin(ARGV[4])

local kept = redis.call('HMGET', META, 'epoch', 'last')
local epoch, last = kept[1], kept[2]
local now = timeAfter(last)
local number, stamp, link = numberOf(last), whole(now * STAMPS_PER_MS + tonumber(ARGV[3])), stampOf(last)
local added, newest = 0, nil
local weights = { [UPDATES] = 0, [PRESENCE] = 0 }
${ONCE}${RETAIN}
local function store(log, id, head, data)
  number = number + 1
  local entry = whole(number) .. '-' .. stamp
  redis.call('XADD', log.stream, entry, 'i', id, 'u', head, 'd', data, 'l', link)
  index(log, id, entry)
  weights[log] = weights[log] + OVERHEAD + #id + #head + #data
  added = added + 1
  last, link, newest = entry, stamp, { id, string.sub(head, 2, 2) }
  if log == UPDATES then retain(entry, id, head, data) end
end

local conflicts, at = {}, 10
while ARGV[at] do
  local kind, size = ARGV[at], tonumber(ARGV[at + 1])
  local first = at + 2
  at = first + size * 4
  local conflict = kind == 'once' and conflictOf(first, at)
  if not conflict then
    for each = first, at - 1, 4 do
      local id, digest = ARGV[each], ARGV[each + 3]
      if kind ~= 'once' or not isStored(id) then
        store(kind == 'presence' and PRESENCE or UPDATES, id, ARGV[each + 1], ARGV[each + 2])
        if kind == 'once' then remember(id, digest) end
      end
    end
  end
  conflicts[#conflicts + 1] = conflict or ''
end

if newest then
  redis.call('HSET', META, 'last', last, 'newest', newest[1], 'newest-private', newest[2])
  local steps = math.max(500, 2 * added)
  local function fit(log, bounds)
    redis.call('HINCRBY', META, log.bytes, weights[log])
    trim(log, bounds, steps, math.max(8388608, 2 * weights[log]))
  end
  fit(UPDATES, { count = tonumber(ARGV[5]), bytes = tonumber(ARGV[6]), since = 0 })
  fit(PRESENCE, { count = ${PRESENCE_MAX_COUNT}, bytes = 0, since = 0 })
end
local answer = { call, epoch, last, conflicts }
redis.call('SET', CALL, cmsgpack.pack(answer), 'PX', ARGV[2])
return answer
`;

/**
 * What became of a call whose answer was lost. One that was not done will not be: whatever of it is still on its way is
 * refused. Written in either case, so that a `WAIT` after it waits for the call, too.
 *
 * KEYS: the node's call. ARGV: its number, how long to remember it (ms). Answers as `APPEND`, or nil.
 */
export const CLAIM = `
local before, call = redis.call('GET', KEYS[1]), tonumber(ARGV[1])
local answer = before and cmsgpack.unpack(before)
if answer and answer[1] >= call then
  redis.call('SET', KEYS[1], before, 'PX', ARGV[2])
  return answer[2] ~= '' and answer
end
redis.call('SET', KEYS[1], cmsgpack.pack({ call, '', '', {} }), 'PX', ARGV[2])
return false
`;
