-- What becomes of limits in time.
-- Parts: known_limits, slots.

-- Tells whether nobody has declared a limit lately, uses it, or has changed it. Starts and closings are kept apart
-- from it, so they count also when the next job brings it back.
local function is_unused(id)
  local number = number_of(id)
  return number and number.own == '' and number.paused == '0' and number.declared_at + LIMIT_KEPT_MS <= now
    and redis.call('EXISTS', P .. 'h:' .. id, P .. 'g:' .. id) == 0
end

-- Forgets some limits that are unused.
local function sweep_limits()
  if not has_limits then return end
  enter_limits()
  for _, id in ipairs(redis.pcall('HRANDFIELD', P .. 'limits', LIMITS_SWEPT)) do
    if is_unused(id) then
      redis.call('HDEL', P .. 'limits', id)
      redis.pcall('HDEL', P .. 'waits', id)
    end
  end
end
