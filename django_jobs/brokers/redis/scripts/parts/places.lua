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

-- Adds ids to a sorted set: the first one at a score, each following one a step further. Returns whether the
-- key is of its type.
local function line_up(index, ids, score, step)
  local members = {}
  for n, id in ipairs(ids) do
    members[2 * n - 1], members[2 * n] = score + step * (n - 1), id
  end
  return could('ZADD', index, unpack(members))
end

-- Puts jobs at the end of a queue, among those of their priority, and returns whether the queue's key is of its
-- type. Priority and arrival fit into a double together.
local function enqueue(ids, queue, priority)
  -- A corrupted priority may not be a number, on which ZADD would fail half-way.
  local known = math.max(LOWEST_PRIORITY, math.min(HIGHEST_PRIORITY, priority))
  local arrival = redis.call('INCRBY', P .. 'seq', #ids) - #ids + 1
  return line_up(P .. 'q:' .. queue, ids, math.floor((HIGHEST_PRIORITY - known) * PRIORITY_STEP + arrival), 1)
end
