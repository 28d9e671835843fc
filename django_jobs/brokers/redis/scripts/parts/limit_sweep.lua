-- What becomes of limits in time.
-- Parts: known_limits, many, slots.

-- Tells whether nobody has declared a limit lately, uses it, or has changed it. Starts and closings are kept apart
-- from it, so they count also when the next job brings it back.
local function is_unused(id)
  local number = number_of(limit_of(id))
  return number and number.own == '' and number.paused == '0' and number.declared_at + LIMIT_KEPT_MS <= now
    and redis.call('EXISTS', P .. 'h:' .. id, P .. 'g:' .. id) == 0
end

-- Lets starts of a key count as of now that a clock noted which was ahead. Returns whether there were some.
local function correct_starts(key, per)
  local name = P .. 'r:' .. key.text
  local last = redis.pcall('LINDEX', name, -1)
  if type(last) ~= 'string' or (tonumber(last) or 0) <= now then return false end
  local times = redis.call('LRANGE', name, 0, -1)
  for n, at in ipairs(times) do times[n] = text_of(math.min(tonumber(at) or now, now)) end
  redis.call('UNLINK', name)
  could_many('RPUSH', name, times)
  redis.call('PEXPIRE', name, per + SWEPT_LATER_MS)
  return true
end

-- Does so with the keys that jobs wait for and that time opens last.
local function correct_openings()
  for _, text in ipairs(redis.pcall('ZREVRANGE', P .. 'opens', 0, LIMITS_SWEPT - 1)) do
    local key = key_of(text)
    local number = number_of(key.limit)
    if number and number.per > 0 and correct_starts(key, number.per) then
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
