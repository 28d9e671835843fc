-- Whether it is noted rightly how many jobs wait for a limit.
-- Parts: findings, fields, waiters.

local MOST_SETS = 2000 -- that are counted for a limit, as a call must not hold up the server

-- Returns how many jobs wait for a limit, or nil if they are in too many sets to count.
local function waiting_for(id)
  local number, sets = 0, 0
  for _, text in ipairs(peek('ZRANGE', 'g:' .. id, 0, MOST_SETS) or {}) do
    for _, queue in ipairs(peek('ZRANGE', 'u:' .. text, 0, MOST_SETS) or {}) do
      sets = sets + 1
      if sets > MOST_SETS then return nil end
      number = number + (peek('ZCARD', waiters_of(key_of(text), queue)) or 0)
    end
  end
  return number
end

local function check_waits(id)
  local right, noted = waiting_for(id), peek('HGET', 'waits', id)
  if not right or tonumber(noted or 0) == right then return end
  report('wrong_count', 'waits', id .. ': ' .. text_of(right), function()
    redis.call('HSET', P .. 'waits', id, text_of(right))
    if right == 0 then redis.call('HDEL', P .. 'waits', id) end
  end)
end
