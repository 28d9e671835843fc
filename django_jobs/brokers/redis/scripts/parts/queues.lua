-- Which queues are known, and which of them have no jobs.
-- Parts: turns.

-- Returns the names of all that hold jobs, have held some in the last day, or are paused.
local function known_queues()
  local names = redis.call('SUNION', P .. 'queues', P .. 'paused')
  local there = {}
  for _, name in ipairs(names) do there[name] = true end
  for _, name in ipairs(redis.call('ZRANGE', P .. 'idle', 0, -1)) do
    if not there[name] then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- Notes since when queues have been empty, and forgets those for which that is a day. One that gets a
-- job is marked, which makes it known again.
local function tidy_queues()
  local room = SWEEP
  for _, name in ipairs(redis.call('SRANDMEMBER', P .. 'queues', SWEEP)) do
    if redis.call('EXISTS', P .. 'q:' .. name, P .. 'y:' .. name, P .. 'm:' .. name) == 0 then
      redis.call('SREM', P .. 'queues', name)
      redis.call('UNLINK', P .. 'v:' .. name)
      redis.call('ZADD', P .. 'idle', now, name)
    elseif redis.call('EXISTS', P .. 'v:' .. name) == 1 then
      room = tidy_turns(name, room)
    end
  end
  local over = redis.call('ZRANGEBYSCORE', P .. 'idle', '-inf', now - QUEUE_KEPT_MS, 'LIMIT', 0, SWEEP)
  if #over > 0 then redis.call('ZREM', P .. 'idle', unpack(over)) end
end
