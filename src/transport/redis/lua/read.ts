import { PAGE_BYTES, PAGE_UPDATES } from '../../recent-updates.js';
import { BEGIN, HISTORY, INDEX, TRIM } from './history.js';

/** What the history is now: epoch, newest entry, and the newest that was dropped of updates and of events. */
const STATE = `
local function state()
  return redis.call('HMGET', META, 'epoch', 'last', UPDATES.dropped, PRESENCE.dropped)
end
`;

/**
 * Opens the history, which begins here where there is none.
 *
 * KEYS: those of the history. ARGV: the epoch where there is none yet, then the kind each key must have.
 * Answers a key that holds something else, or the state with the newest id and whether it is private.
 */
export const OPEN = `
${HISTORY}${BEGIN}${STATE}
for index, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'none' and kind ~= ARGV[index + 1] then return { key } end
end
local format = redis.call('HGET', META, 'format')
if format and format ~= FORMAT then return { META } end
begin(ARGV[1])
return { '', state(), redis.call('HMGET', META, 'newest', 'newest-private') }
`;

/** Where an id stands. KEYS: those of the history. ARGV: the id. */
export const LOCATE = `
${HISTORY}${STATE}
local oldest = redis.call('XRANGE', UPDATES.stream, '-', '+', 'COUNT', 1)[1]
return {
  state(),
  redis.call('HGET', UPDATES.ids, ARGV[1]) or '',
  redis.call('HGET', PRESENCE.ids, ARGV[1]) or '',
  redis.call('HGET', META, 'newest') or '',
  oldest and oldest[1] or '',
}
`;

/**
 * A page of both streams. KEYS: those of the history. ARGV: epoch, entry to read after, entry to read up to.
 * Answers nil where what follows would have a hole, else the state and, for updates and events, the entries and whether
 * there are more.
 */
export const READ = `
${HISTORY}${STATE}
local epoch, after, upTo = ARGV[1], ARGV[2], ARGV[3]
local now = state()
local function isThere(entry)
  return #redis.call('XRANGE', UPDATES.stream, entry, entry) + #redis.call('XRANGE', PRESENCE.stream, entry, entry) > 0
end
if now[1] ~= epoch then return false end
local from, dropped, presenceDropped = numberOf(after), numberOf(now[3]), numberOf(now[4])
if from < dropped then return false end
-- Of an event that was dropped nobody can say that it was this one; the epoch is the same, and no update is missing.
if after ~= now[3] and from > presenceDropped and not isThere(after) then return false end

local CHUNK = 25
local function page(log)
  local entries, bytes, start = {}, 0, '(' .. after
  while #entries < ${PAGE_UPDATES} and bytes < ${PAGE_BYTES} do
    local chunk = redis.call('XRANGE', log.stream, start, upTo, 'COUNT', math.min(CHUNK, ${PAGE_UPDATES} - #entries))
    for _, each in ipairs(chunk) do
      entries[#entries + 1] = each
      bytes = bytes + OVERHEAD + #each[2][2] + #each[2][4] + #each[2][6]
    end
    if #chunk == 0 then return { entries, 0 } end
    start = '(' .. chunk[#chunk][1]
  end
  return { entries, 1 }
end
if numberOf(upTo) <= from then return { now, { {}, 0 }, { {}, 0 } } end
return { now, page(UPDATES), page(PRESENCE) }
`;

/** The first of some entries that is there, or ''. KEYS: those of the history. ARGV: entries. */
export const FIRST_THERE = `
${HISTORY}
for _, entry in ipairs(ARGV) do
  if #redis.call('XRANGE', UPDATES.stream, entry, entry) + #redis.call('XRANGE', PRESENCE.stream, entry, entry) > 0 then
    return entry
  end
end
return ''
`;

/** Drops what is too old. KEYS: those of the history. ARGV: ages in ms of updates and of events, 0 is none. Answers how many went. */
export const SWEEP = `
${HISTORY}${INDEX}${TRIM}
local last = redis.call('HGET', META, 'last')
if not last then return 0 end
local now = timeAfter(last)
local function sweep(log, age)
  if age == 0 then return 0 end
  return trim(log, { count = 0, bytes = 0, since = now - age }, 500, 8388608)
end
return sweep(UPDATES, tonumber(ARGV[1])) + sweep(PRESENCE, tonumber(ARGV[2]))
`;
