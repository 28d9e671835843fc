-- The places of queued jobs, and the markers that wake workers.
-- Parts: expect, many, turns.

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

-- Puts a job at a place. If that is unreadable it goes to the front. If the queue's key is of another type, the job
-- is in no index until the doctor has repaired both.
local function place(id, queue, score)
  could('ZADD', P .. 'q:' .. queue, score or 0, id)
end

-- Puts a job that was claimed back at its old place.
local function put_back(id, queue, score)
  if score and is_turn(score) then score = turn_again(queue, score) end
  place(id, queue, score)
end

-- Gives out places at the end of a queue, among the jobs of a priority. Takes whether the queue has turns, and what
-- each of the jobs says of its turn, or nil if they have none; and their arrivals, if these are given out already. Returns
-- the places, each followed by the id of its job. Priority and arrival fit into a double together.
local function new_members(ids, queue, priority, has_turns, of_jobs, arrivals)
  -- A corrupted priority may not be a number, on which ZADD would fail half-way.
  local known = math.floor(math.max(LOWEST_PRIORITY, math.min(HIGHEST_PRIORITY, priority)))
  local band, members = (HIGHEST_PRIORITY - known) * PRIORITY_STEP, {}
  if has_turns and redis.call('EXISTS', P .. 'q:' .. queue, P .. 'y:' .. queue) == 0 then
    redis.call('UNLINK', P .. 'v:' .. queue)
    has_turns = false
  end
  if has_turns or of_jobs then return next_turns(queue, band, ids, of_jobs or {}) end
  local before = arrivals and 0 or redis.call('INCRBY', P .. 'seq', #ids) - #ids
  for n, id in ipairs(ids) do
    members[2 * n - 1], members[2 * n] = band + (arrivals and arrivals[n] or before + n), id
  end
  return members
end

-- Puts jobs of one priority at the end of a queue, in this order, and of the turns of their keys. Takes what each job
-- says of its turn, or nil if they say nothing, and their arrivals, as `new_members` does.
local function enqueue_all(ids, queue, priority, turns, arrivals)
  local has_turns = redis.call('EXISTS', P .. 'v:' .. queue) == 1
  could_many('ZADD', P .. 'q:' .. queue, new_members(ids, queue, priority, has_turns, turns, arrivals))
end

-- Does so with one job.
local function enqueue(id, queue, priority, turn)
  enqueue_all({ id }, queue, priority, turn and turn ~= '' and { turn } or nil)
end
