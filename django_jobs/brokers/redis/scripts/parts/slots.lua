-- The slots of limits: how many a key has, who holds them, and when they become free.
-- Parts: expect, known_limits, many, shapes.
-- Entered by: enter_limits.
--
-- A job has its limits in its field x, one after the other with a space between: key:n:per:declared_at. A key is the id of
-- the limit, which begins with c for running jobs or r for starts, a colon, and a value.

local numbers = {} -- by ids of limits, as they were read in this call
local parsed = {} -- limits by their texts

-- Takes apart what `x` says: what is not ours is left out.
local function limits_of(text)
  if parsed[text] then return parsed[text] end
  local found = {}
  for one in string.gmatch(text, '%S+') do
    local key, id, n, per, declared_at = string.match(one, '^(([cr][^:]+):[^:]*):(%d+):(%d+):(%d+)$')
    if key and #n < 10 and #per < 15 and #declared_at < 16 then
      found[#found + 1] = { key = key, id = id, n = tonumber(n), per = tonumber(per), declared_at = tonumber(declared_at) }
    end
  end
  parsed[text] = found
  return found
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
  return number_of(string.match(key, '^[^:]*'))
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

local used = {} -- by key: how many jobs hold its slots, or how many starts are noted of it
local taken = {} -- by key: ids of jobs that get slots in this call

local function used_of(key, number)
  if not used[key] then
    used[key] = number.per > 0 and (size('LLEN', 'r:' .. key) or 0) or size('SCARD', 'h:' .. key) or 0
  end
  return used[key]
end

-- Returns when a rate has room again: not before there were as many starts as slots.
local function window_opens(key, number)
  local new = taken[key] and #taken[key] or 0
  if used_of(key, number) + new < number.slots then return 0 end
  if new >= number.slots then return now + number.per end
  local start = redis.pcall('LINDEX', P .. 'r:' .. key, new - number.slots)
  return type(start) == 'string' and tonumber(start) and tonumber(start) + number.per or 0
end

-- Tells whether a key has a free slot.
local function is_free(key)
  local number = number_of_key(key)
  if not number or number.slots == 0 or closed_until(key) > now then return false end
  if number.per > 0 then return window_opens(key, number) <= now end
  return used_of(key, number) + (taken[key] and #taken[key] or 0) < number.slots
end

-- Returns when time alone gives a key a free slot, or nil.
local function opens_at(key)
  local number = number_of_key(key)
  if not number or number.slots == 0 then return nil end
  local closed = closed_until(key)
  if number.per > 0 then return math.max(closed, window_opens(key, number)) end
  return closed > now and closed or nil
end

-- Gives a job a slot of each limit, and returns the keys, one after the other.
local function take_slots(id, limits)
  local keys = {}
  for i, limit in ipairs(limits) do
    local key = limit.key
    keys[i] = key
    taken[key] = taken[key] or {}
    table.insert(taken[key], limit.per > 0 and text_of(now) or id)
  end
  return table.concat(keys, ' ')
end

-- Writes the slots that were taken.
local function write_taken()
  for key, values in pairs(taken) do
    local number = number_of_key(key)
    if number.per == 0 then
      could_many('SADD', P .. 'h:' .. key, values)
    elseif could_many('RPUSH', P .. 'r:' .. key, values) then
      redis.call('LTRIM', P .. 'r:' .. key, -number.slots, -1)
      redis.call('PEXPIRE', P .. 'r:' .. key, number.per + SWEPT_LATER_MS)
    end
  end
  used, taken = {}, {}
end
