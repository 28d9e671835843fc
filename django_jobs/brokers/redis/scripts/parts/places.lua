-- The places of queued jobs, and the markers that wake workers.
-- Parts: expect.

-- Marks a queue that may have jobs, which wakes one listening worker.
local function mark(queue)
  local own, any = P .. 'm:' .. queue, P .. 'm:*'
  if redis.call('EXISTS', own, any) == 2 then return end -- so the queue is known, and not paused
  redis.call('SADD', P .. 'queues', queue)
  if redis.call('SISMEMBER', P .. 'paused', queue) == 1 then return end
  for _, marker in ipairs({ own, any }) do
    local length = redis.pcall('LLEN', marker)
    if type(length) ~= 'number' then -- of another type: a marker has nothing to lose
      redis.call('UNLINK', marker)
      length = 0
    end
    if length == 0 then
      redis.call('RPUSH', marker, '1')
    end
  end
end

-- Puts a job back. If its old place is unreadable it goes to the front, where it was when it was claimed. If
-- the queue's key is of another type, the job is in no index until the doctor has repaired both.
local function place(id, queue, score)
  could('ZADD', P .. 'q:' .. queue, score or 0, id)
end

-- Gives out places at the end of a queue, among the jobs of a priority: returns the first of so many that follow
-- each other. Priority and arrival fit into a double together.
local function new_places(number, priority)
  -- A corrupted priority may not be a number, on which ZADD would fail half-way.
  local known = math.max(LOWEST_PRIORITY, math.min(HIGHEST_PRIORITY, priority))
  local arrival = redis.call('INCRBY', P .. 'seq', number) - number + 1
  return math.floor((HIGHEST_PRIORITY - known) * PRIORITY_STEP + arrival)
end

-- Puts a job at the end of a queue. If the queue's key is of another type, this is as with `place`.
local function enqueue(id, queue, priority)
  place(id, queue, new_places(1, priority))
end
