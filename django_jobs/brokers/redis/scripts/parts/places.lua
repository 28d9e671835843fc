-- Where queued jobs stand, and how word of them gets to workers.

-- Leaves word that a queue may have jobs: once, for one worker to pick up.
local function mark(queue)
  redis.call('SADD', P .. 'queues', queue)
  if redis.call('SISMEMBER', P .. 'paused', queue) == 1 then return end
  for _, marker in ipairs({ P .. 'm:' .. queue, P .. 'm:*' }) do
    if redis.call('LLEN', marker) == 0 then
      redis.call('RPUSH', marker, '1')
    end
  end
end

-- A job whose old place can't be read any more goes to the front, as it was there when it was taken.
local function place(id, queue, score)
  redis.call('ZADD', P .. 'q:' .. queue, score or 0, id)
end

-- 2^44 arrivals fit below one step of priority, and all of it into a double.
local function enqueue(id, queue, priority)
  -- A priority that somebody spoilt may be no number at all, on which ZADD would fail half-way.
  local known = math.max(-100, math.min(100, priority))
  place(id, queue, string.format('%.0f', (100 - known) * 17592186044416 + redis.call('INCR', P .. 'seq')))
end
