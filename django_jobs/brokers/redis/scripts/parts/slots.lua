-- The slots of limits: how many a key has, who holds them, and when they become free.
-- Parts: expect, known_limits, many, shapes.
-- Entered by: enter_limits.
--
-- A job has its limits in its field x, one after the other with a space between: key:n:per:declared_at. A key is the id of
-- the limit, which begins with c for running jobs or r for starts, a colon, and a value.

local numbers = {} -- by ids of limits, as they were read in this call
local parsed = {} -- limits by their texts

local ids, values = {}, {} -- the parts of keys before and behind their colon, by key
local terms_of = {} -- n, per and declared_at by their text: all jobs of a limit have the same

-- Returns what one part of `x` says, or nothing if it is not ours.
local function limit_of(text)
  local key, id, value, rest = string.match(text, '^(([cr][^: ]+):([^: ]*)):(%d+:%d+:%d+)$')
  if not key then return nil end
  local known = terms_of[rest]
  if not known then
    local n, per, declared_at = string.match(rest, '^(%d+):(%d+):(%d+)$')
    if #n > 9 or #per > 14 or #declared_at > 15 then return nil end
    known = { n = tonumber(n), per = tonumber(per), declared_at = tonumber(declared_at) }
    terms_of[rest] = known
  end
  ids[key], values[key] = id, value
  return { key = key, id = id, terms = known }
end

local function limits_of_many(text)
  local found = { keys = '', is_timed = false }
  for one in string.gmatch(text, '%S+') do
    local limit = limit_of(one)
    if limit then
      found[#found + 1] = limit
      found.keys = found.keys == '' and limit.key or found.keys .. ' ' .. limit.key
      found.is_timed = found.is_timed or limit.terms.per > 0
    end
  end
  return found
end

-- Takes apart what `x` says: what is not ours is left out. `keys` has the keys of all, one after the other, and `is_timed`
-- tells whether any counts starts. Most jobs have one limit.
local function limits_of(text)
  local found = parsed[text]
  if found then return found end
  local only = limit_of(text)
  found = only and { only, keys = only.key, is_timed = only.terms.per > 0 } or limits_of_many(text)
  parsed[text] = found
  return found
end

-- Returns the limit of a key, and the value in it.
local function split(key)
  if not ids[key] then
    local colon = string.find(key, ':', 1, true) or #key + 1
    ids[key], values[key] = string.sub(key, 1, colon - 1), string.sub(key, colon + 1)
  end
  return ids[key], values[key]
end

local function text_of(number)
  return string.format('%.0f', number)
end

local function keep_number(id, number)
  number.slots = number.paused == '1' and 0 or tonumber(number.own) or number.n
  numbers[id] = number
  has_limits = true
end

-- Returns what is noted of a limit: `n`, `per`, `declared_at`, `own` or '', `paused`, `version` of these, and `slots` that follow.
local function number_of(id)
  if numbers[id] == nil then
    local value = redis.pcall('HGET', P .. 'limits', id)
    if type(value) ~= 'string' then value = '' end
    local n, per, declared_at, own, paused, version = string.match(value, '^(%d+):(%d+):(%d+):(%d*):([01]):(%d+)$')
    numbers[id] = false
    if n then
      keep_number(id, {
        n = tonumber(n), per = tonumber(per), declared_at = tonumber(declared_at), own = own, paused = paused,
        version = tonumber(version),
      })
    end
  end
  return numbers[id]
end

local function write_number(id, number)
  keep_number(id, number)
  redis.call('HSET', P .. 'limits', id, string.format('%.0f:%.0f:%.0f:%s:%s:%.0f', number.n, number.per,
    number.declared_at, number.own, number.paused, number.version))
end

local function number_of_key(key)
  return number_of((split(key)))
end

local are_closed -- whether any key is closed by a job that has met a limit

-- Returns until when a key is closed so, or 0.
local function closed_until(key)
  if are_closed == nil then are_closed = size('ZCARD', 'closed') ~= 0 end
  local value = are_closed and redis.pcall('ZSCORE', P .. 'closed', key)
  return type(value) == 'string' and tonumber(value) or 0
end

local function close_key(key, over_at)
  could('ZADD', P .. 'closed', math.max(over_at, closed_until(key)), key)
  are_closed = true
end

local counts = {} -- by key: how many jobs hold its slots, as far as it was read
local stored = {} -- the same, as it is in Redis
local texts = {} -- by numbers: Redis takes longer to write one than to take a text
local MANY = 20 -- keys of a limit that are written at once
local changed = {} -- by ids of limits: keys with other counts than those that are stored, with their values

-- Reads how many jobs hold the slots of keys, with one command for each limit.
local function read_counts(keys)
  local asked = {}
  for n = 1, #keys do
    local key = keys[n]
    if not counts[key] then
      local id, value = split(key)
      counts[key] = 0
      asked[id] = asked[id] or { keys = {}, values = {} }
      local own = asked[id]
      own.keys[#own.keys + 1], own.values[#own.values + 1] = key, value
    end
  end
  for id, own in pairs(asked) do
    for first = 1, #own.keys, 2000 do
      local got = redis.pcall('HMGET', P .. 'h:' .. id, unpack(own.values, first, math.min(first + 1999, #own.values)))
      for i, count in ipairs(got) do
        local key = own.keys[first + i - 1]
        stored[key] = tonumber(count or 0) or 0
        counts[key] = stored[key]
      end
    end
  end
end

local function count_of(key)
  if not counts[key] then read_counts({ key }) end
  return counts[key]
end

local function set_count(key, count)
  local id, value = split(key)
  counts[key] = count > 0 and count or 0
  local of_limit = changed[id]
  if not of_limit then
    of_limit = {}
    changed[id] = of_limit
  end
  of_limit[key] = value
end

-- Writes how many jobs hold the slots of keys, if it is another number than before the call. Of many, one value is made
-- longer than 64 bytes, as `note` does it.
local function write_counts()
  for id, keys in pairs(changed) do
    local kept, gone = {}, {}
    for key, value in pairs(keys) do
      local count = counts[key]
      if count == stored[key] then
        -- what was freed was taken again
      elseif count == 0 then
        gone[#gone + 1] = value
      else
        texts[count] = texts[count] or text_of(count)
        kept[#kept + 1] = value
        kept[#kept + 1] = texts[count]
      end
      stored[key] = count
    end
    if #kept > 2 * MANY then kept[2] = string.format('%-65s', kept[2]) end
    could_many('HSET', P .. 'h:' .. id, kept)
    could_many('HDEL', P .. 'h:' .. id, gone)
  end
  changed = {}
end

local known_starts = {} -- by key: how many starts are noted of it
local started = {} -- by key: when jobs start in this call

-- Returns when a rate has room again: not before there were as many starts as slots.
local function window_opens(key, number)
  local new = started[key] and #started[key] or 0
  known_starts[key] = known_starts[key] or size('LLEN', 'r:' .. key) or 0
  if known_starts[key] + new < number.slots then return 0 end
  if new >= number.slots then return now + number.per end
  local start = redis.pcall('LINDEX', P .. 'r:' .. key, new - number.slots)
  return type(start) == 'string' and tonumber(start) and tonumber(start) + number.per or 0
end

-- Tells whether a key has a free slot.
local function is_free(key)
  local number = number_of_key(key)
  if not number or number.slots == 0 or closed_until(key) > now then return false end
  if number.per > 0 then return window_opens(key, number) <= now end
  return count_of(key) < number.slots
end

-- Returns when time alone gives a key a free slot, or nil.
local function opens_at(key)
  local number = number_of_key(key)
  if not number or number.slots == 0 then return nil end
  local over_at = closed_until(key)
  if number.per > 0 then return math.max(over_at, window_opens(key, number)) end
  return over_at > now and over_at or nil
end

-- Gives a job a slot of each limit.
local function take_slots(limits)
  for i = 1, #limits do
    local limit = limits[i]
    local key = limit.key
    if limit.terms.per == 0 then
      set_count(key, count_of(key) + 1)
    else
      started[key] = started[key] or {}
      table.insert(started[key], text_of(now))
    end
  end
end

-- Writes the slots that were taken and freed. Of starts, as many are kept as may count, also when an operator takes a
-- number back.
local function write_slots()
  write_counts()
  for key, times in pairs(started) do
    local number = number_of_key(key)
    if could_many('RPUSH', P .. 'r:' .. key, times) then
      redis.call('LTRIM', P .. 'r:' .. key, -math.max(number.n, number.slots), -1)
      redis.call('PEXPIRE', P .. 'r:' .. key, number.per + SWEPT_LATER_MS)
    end
  end
  known_starts, started = {}, {}
end
