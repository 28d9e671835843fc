-- The slots of limits: how many a key has, who holds them, and when they become free.
-- Parts: expect, known_limits, many, shapes.
-- Entered by: enter_limits.
--
-- A job has its limits in its field x, one after the other with a space between: value:limit:n:per:declared_at. The id of a
-- limit begins with c for running jobs or r for starts; it is a key with a colon and a value behind it. What a call knows of a
-- limit, or of a key, is in one table.

local limit_by_id = {}
local terms_by_text = {} -- what jobs say of a limit, by its text
local parsed = {} -- what jobs say of all their limits, by its text

-- Returns what this call knows of a limit: its `keys` by their values, those whose taken slots it has `counted`, and the numbers
-- that are `stored` for these.
local function limit_of(id)
  local limit = limit_by_id[id]
  if not limit then
    limit = { id = id, keys = {}, counted = {}, stored = {} }
    limit_by_id[id] = limit
  end
  return limit
end

-- Notes a key that this call meets for the first time: its text, its limit, the value in it, how many jobs hold its slots, if that
-- was read, and how many of them hold theirs no longer.
local function new_key(limit, value)
  local key = { text = limit.id .. ':' .. value, limit = limit, value = value, count = false, freed = 0 }
  limit.keys[value] = key
  return key
end

-- Returns what this call knows of a key.
local function key_of(text)
  local colon = string.find(text, ':', 1, true) or #text + 1
  local limit, value = limit_of(string.sub(text, 1, colon - 1)), string.sub(text, colon + 1)
  return limit.keys[value] or new_key(limit, value)
end

local function read_terms(text)
  local id, n, per, declared_at = string.match(text, '^([cr][^: ]+):(%d+):(%d+):(%d+)$')
  if not id or #n > 9 or #per > 14 or #declared_at > 15 then return nil end
  local terms = { limit = limit_of(id), n = tonumber(n), per = tonumber(per), declared_at = tonumber(declared_at), is_declared = false }
  terms.alone = { terms }
  terms_by_text[text] = terms
  return terms
end

-- Returns the key of one part of `x` and its terms, or nothing if the part is not ours.
local function limit_in(text)
  local colon = string.find(text, ':', 1, true)
  if not colon then return end
  local value, said = string.sub(text, 1, colon - 1), string.sub(text, colon + 1)
  local terms = terms_by_text[said] or read_terms(said)
  if terms then return terms.limit.keys[value] or new_key(terms.limit, value), terms end
end

local function limits_in(text)
  local found = { terms = {}, is_timed = false, are_declared = false }
  for one in string.gmatch(text, '%S+') do
    local key, terms = limit_in(one)
    if key then
      found[#found + 1] = key
      found.terms[#found] = terms
      found.is_timed = found.is_timed or terms.per > 0
    end
  end
  return found
end

-- Takes apart what `x` says: the keys of all limits, with the terms of each. `is_timed` tells whether any counts starts,
-- `are_declared` whether this call has noted their numbers. Most jobs have one limit.
local function limits_of(text)
  local found = parsed[text]
  if found then return found end
  local key, terms = limit_in(text)
  found = key and { key, terms = terms.alone, is_timed = terms.per > 0, are_declared = false } or limits_in(text)
  parsed[text] = found
  return found
end

-- Calls a function with the text of each key of which a job has a slot, given what is noted of it with its claim.
local function for_each_slot(holding, act)
  for value, limit in string.gmatch(holding, ' ([^: ]*):(c[^: ]+):') do act(limit .. ':' .. value) end
end

local function text_of(number)
  return string.format('%.0f', number)
end

local function keep_number(limit, number)
  number.slots = number.paused == '1' and 0 or tonumber(number.own) or number.n
  limit.number = number
  has_limits = true
end

-- Returns what is noted of a limit: `n`, `per`, `declared_at`, `own` or '', `paused`, `version` of these, and `slots` that follow.
local function number_of(limit)
  if limit.number == nil then
    local value = redis.pcall('HGET', P .. 'limits', limit.id)
    if type(value) ~= 'string' then value = '' end
    local n, per, declared_at, own, paused, version = string.match(value, '^(%d+):(%d+):(%d+):(%d*):([01]):(%d+)$')
    limit.number = false
    if n then
      keep_number(limit, {
        n = tonumber(n), per = tonumber(per), declared_at = tonumber(declared_at), own = own, paused = paused,
        version = tonumber(version),
      })
    end
  end
  return limit.number
end

local function write_number(limit, number)
  keep_number(limit, number)
  redis.call('HSET', P .. 'limits', limit.id, string.format('%.0f:%.0f:%.0f:%s:%s:%.0f', number.n, number.per,
    number.declared_at, number.own, number.paused, number.version))
end

local are_closed -- whether any key is closed by a job that has met a limit

-- Returns until when a key is closed so, or 0.
local function closed_until(key)
  if are_closed == nil then are_closed = size('ZCARD', 'closed') ~= 0 end
  local value = are_closed and redis.pcall('ZSCORE', P .. 'closed', key.text)
  return type(value) == 'string' and tonumber(value) or 0
end

local function close_key(key, over_at)
  could('ZADD', P .. 'closed', math.max(over_at, closed_until(key)), key.text)
  are_closed = true
end

local count_texts = {} -- by numbers: Redis takes longer to write one than to take a text
local MANY = 20 -- keys of a limit that are written at once

local counts_by_text = {} -- most keys have one of few

-- Returns what Redis has noted as the number of jobs that hold the slots of a key.
local function count_in(text)
  if not text then return 0 end
  local count = counts_by_text[text]
  if not count then
    count = tonumber(text) or 0
    counts_by_text[text] = count
  end
  return count
end

-- Reads how many jobs hold the slots of keys, with one command for each limit.
local function read_counts(keys)
  local limits = {}
  for n = 1, #keys do
    local key = keys[n]
    if not key.count then
      key.count = 0
      local counted = key.limit.counted
      counted[#counted + 1] = key
      limits[key.limit] = true
    end
  end
  for limit in pairs(limits) do
    local counted, stored = limit.counted, limit.stored
    for first = #stored + 1, #counted, 2000 do
      local values, last = {}, math.min(first + 1999, #counted)
      for n = first, last do values[n - first + 1] = counted[n].value end
      local got = redis.pcall('HMGET', P .. 'h:' .. limit.id, unpack(values))
      for n = first, last do
        local count = count_in(got[n - first + 1])
        counted[n].count, stored[n] = count, count
      end
    end
  end
end

local function count_of(key)
  if not key.count then read_counts({ key }) end
  return key.count
end

-- Writes how many jobs hold the slots of keys of a limit, if it is another number than before the call. Of many, one value is
-- made longer than 64 bytes, as `note` does it.
local function write_counts_of(limit)
  local kept, gone, stored = {}, {}, limit.stored
  for n, key in ipairs(limit.counted) do
    local count = key.count
    if count ~= stored[n] then
      stored[n] = count
      if count == 0 then
        gone[#gone + 1] = key.value
      else
        count_texts[count] = count_texts[count] or text_of(count)
        kept[#kept + 1] = key.value
        kept[#kept + 1] = count_texts[count]
      end
    end
  end
  if #kept > 2 * MANY then kept[2] = string.format('%-65s', kept[2]) end
  could_many('HSET', P .. 'h:' .. limit.id, kept)
  could_many('HDEL', P .. 'h:' .. limit.id, gone)
end

local function write_counts()
  for _, limit in pairs(limit_by_id) do write_counts_of(limit) end
end

local keys_with_starts = {} -- keys of which jobs start in this call; when is in their `starts`

-- Returns when a rate has room again: not before there were as many starts as slots.
local function window_opens(key, number)
  local new = key.starts and #key.starts or 0
  key.known_starts = key.known_starts or size('LLEN', 'r:' .. key.text) or 0
  if key.known_starts + new < number.slots then return 0 end
  if new >= number.slots then return now + number.per end
  local start = redis.pcall('LINDEX', P .. 'r:' .. key.text, new - number.slots)
  return type(start) == 'string' and tonumber(start) and tonumber(start) + number.per or 0
end

-- Tells whether a key has a free slot.
local function is_free(key)
  local number = key.limit.number or number_of(key.limit)
  if not number or number.slots == 0 or are_closed ~= false and closed_until(key) > now then return false end
  if number.per > 0 then return window_opens(key, number) <= now end
  return (key.count or count_of(key)) < number.slots
end

-- Returns when time alone gives a key a free slot, or nil.
local function opens_at(key)
  local number = number_of(key.limit)
  if not number or number.slots == 0 then return nil end
  local over_at = closed_until(key)
  if number.per > 0 then return math.max(over_at, window_opens(key, number)) end
  return over_at > now and over_at or nil
end

-- Gives a job a slot of each of its limits. Of starts, as many are kept as may count by the numbers that hold now: earlier ones
-- are out of the period. A job of the same call may declare a lower one, and a later job a higher one again.
local function take_slots(found)
  for i = 1, #found do
    local key = found[i]
    if found.terms[i].per == 0 then
      key.count = (key.count or count_of(key)) + 1
    else
      if not key.starts then
        key.starts = {}
        keys_with_starts[#keys_with_starts + 1] = key
      end
      key.starts[#key.starts + 1] = text_of(now)
      key.kept_starts = math.max(key.limit.number.n, key.limit.number.slots)
    end
  end
end

-- Writes the slots that were taken and freed.
local function write_slots()
  write_counts()
  for _, key in ipairs(keys_with_starts) do
    local number = number_of(key.limit)
    if could_many('RPUSH', P .. 'r:' .. key.text, key.starts) then
      redis.call('LTRIM', P .. 'r:' .. key.text, -key.kept_starts, -1)
      redis.call('PEXPIRE', P .. 'r:' .. key.text, number.per + SWEPT_LATER_MS)
    end
    key.starts, key.known_starts = nil, nil
  end
  keys_with_starts = {}
end
