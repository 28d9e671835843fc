-- What becomes of limits in time.
-- Parts: known_limits, many, slots.

-- Tells whether nobody has declared a limit lately, uses it, or has changed it. Starts and closings are kept apart
-- from it, so they count also when the next job brings it back.
local function is_unused(id)
  local number = number_of(limit_of(id))
  return number and number.own == '' and number.paused == '0' and number.declared_at + LIMIT_KEPT_MS <= now
    and redis.call('EXISTS', P .. 'h:' .. id, P .. 'g:' .. id) == 0
end

-- Returns when the start at an index of a list was, or 0.
local function start_at(name, index)
  local at = redis.pcall('LINDEX', name, index)
  return type(at) == 'string' and tonumber(at) or 0
end

-- Lets starts of a key count as of now that a clock noted which was ahead: some of them, as a key may have 100,000, and the
-- earliest first, as these decide when the key has a slot. Returns whether there were any.
local function correct_starts(key)
  local name = P .. 'r:' .. key.text
  if start_at(name, -1) <= now then return false end
  local first, length = 0, redis.call('LLEN', name)
  while start_at(name, math.min(first + STARTS_CORRECTED, length) - 1) <= now do first = first + STARTS_CORRECTED end
  for n, at in ipairs(redis.call('LRANGE', name, first, first + STARTS_CORRECTED - 1)) do
    if (tonumber(at) or math.huge) > now then redis.call('LSET', name, first + n - 1, text_of(now)) end
  end
  return true
end

-- Does so with the keys that jobs wait for and that time opens last.
local function correct_openings()
  for _, text in ipairs(redis.pcall('ZREVRANGE', P .. 'opens', 0, LIMITS_SWEPT - 1)) do
    local key = key_of(text)
    local number = number_of(key.limit)
    if number and number.per > 0 and correct_starts(key) then
      redis.call('ZADD', P .. 'opens', opens_at(key) or now, text)
    end
  end
end

-- Forgets some limits that are unused, and corrects what a wrong clock has noted.
local function sweep_limits()
  if not has_limits then return end
  enter_limits()
  correct_openings()
  for _, id in ipairs(redis.pcall('HRANDFIELD', P .. 'limits', LIMITS_SWEPT)) do
    if is_unused(id) then
      redis.call('HDEL', P .. 'limits', id)
      redis.pcall('HDEL', P .. 'waits', id)
    end
  end
end
