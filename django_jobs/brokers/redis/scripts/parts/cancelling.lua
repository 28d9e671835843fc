-- How jobs are cancelled: those that wait at once, and those that run by their workers.
-- Parts: expect, shapes, fields, places, ends.

-- Takes a job that does not run out of the indexes of its state.
local function take_out(id, state, queue)
  if state == 'queued' then
    redis.call('ZREM', P .. 'q:' .. queue, id)
  else
    redis.call('ZREM', P .. 's:' .. state, id)
    redis.call('ZREM', P .. 'expiries', id)
  end
end

-- Ends a job that waits.
local function discard(id, state, queue)
  take_out(id, state, queue)
  redis.call('HSET', P .. 'j:' .. id, 's', 'discarded', 'f', now)
  finish_one(id, 'discarded')
end

-- Ends a job that waits, or has its worker hear that it is cancelled.
local function cancel(id, state, queue)
  if state == 'running' then
    redis.call('SADD', P .. 'cancelled', id)
  else
    discard(id, state, queue)
  end
end

-- Returns the jobs that a worker is to cancel, and ends those that wait again since they were cancelled.
local function cancelled_of(worker)
  local found = {}
  for _, id in ipairs(redis.call('SRANDMEMBER', P .. 'cancelled', SWEEP)) do
    local state, queue = unpack(read(id, 's', 'q'), 1, 2)
    if state == 'running' then
      if redis.call('HEXISTS', P .. 'f:' .. worker, id) == 1 then found[#found + 1] = id end
    else
      if queue and is_one_of(state, PERMITTED.cancel) then
        expect_queue(queue)
        expect_lists_of_ended()
        discard(id, state, queue)
      end
      redis.call('SREM', P .. 'cancelled', id)
    end
  end
  return found
end
