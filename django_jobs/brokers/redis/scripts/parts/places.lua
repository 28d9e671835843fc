-- The places of queued jobs, and the markers that wake workers.

-- Marks a queue that may have jobs, which wakes one listening worker.
local function mark(queue)
  local own, any = P .. 'm:' .. queue, P .. 'm:*'
  if redis.call('EXISTS', own, any) == 2 then return end -- so the queue is known, and not paused
  redis.call('SADD', P .. 'queues', queue)
  if redis.call('SISMEMBER', P .. 'paused', queue) == 1 then return end
  for _, marker in ipairs({ own, any }) do
    if redis.call('LLEN', marker) == 0 then
      redis.call('RPUSH', marker, '1')
    end
  end
end

-- A job whose old place is unreadable goes to the front, where it was when it was claimed.
local function place(id, queue, score)
  redis.call('ZADD', P .. 'q:' .. queue, score or 0, id)
end

-- Adds ids to a sorted set: the first one at a score, each following one a step further.
local function line_up(index, ids, score, step)
  local members = {}
  for n, id in ipairs(ids) do
    members[2 * n - 1], members[2 * n] = score + step * (n - 1), id
  end
  redis.call('ZADD', index, unpack(members))
end

-- Priority and arrival fit into a double together.
local function enqueue(ids, queue, priority)
  -- A corrupted priority may not be a number, on which ZADD would fail half-way.
  local known = math.max(LOWEST_PRIORITY, math.min(HIGHEST_PRIORITY, priority))
  local arrival = redis.call('INCRBY', P .. 'seq', #ids) - #ids + 1
  line_up(P .. 'q:' .. queue, ids, math.floor((HIGHEST_PRIORITY - known) * PRIORITY_STEP + arrival), 1)
end
