-- How jobs are cancelled: those that wait at once, and those that run by their workers.
-- Parts: expect, shapes, fields, places, ends, waiters.

-- Takes a job that does not run out of the indexes of its state. One of another type has nothing of the job, and is
-- left to the doctor.
local function take_out(id, state, queue)
  if state == 'queued' then
    could('ZREM', P .. 'q:' .. queue, id)
  elseif state == 'waiting' then
    enter_limits()
    leave_waiters(id, queue)
  else
    could('ZREM', P .. 's:' .. state, id)
    could('ZREM', P .. 'expiries', id)
  end
end

-- Ends a job that waits.
local function discard(id, state, queue)
  take_out(id, state, queue)
  local lock, batch = unpack(read(id, 'l', 'B'), 1, 2)
  if lock then free_lock(id, lock) end
  if batch then member_ended(id, batch, 'discarded') end
  redis.call('HSET', P .. 'j:' .. id, 's', 'discarded', 'f', now)
  finish_one(id, 'discarded', batch)
end

-- Ends a job that waits, or has its worker hear that it is cancelled.
local function cancel(id, state, queue)
  if state == 'running' then
    redis.call('SADD', P .. 'cancelled', id)
  else
    discard(id, state, queue)
  end
end

-- Tells whether all keys are of their type that `discard` writes to.
local function can_discard(state, queue)
  local index = is_one_of(state, LINED_UP) and (state == 'queued' and 'q:' or 'y:') .. queue or 's:' .. state
  return size('ZCARD', index) and size('ZCARD', 's:discarded') and size('ZCARD', 'expiries')
end

-- Ends cancelled jobs that wait again, and forgets those that have ended: some of them with each call.
local function end_cancelled()
  local ids = redis.pcall('SRANDMEMBER', P .. 'cancelled', CANCELLED_PER_CALL)
  table.sort(ids)
  for _, id in ipairs(ids) do
    local said, queue, limits = unpack(read(id, 's', 'q', 'x'), 1, 3)
    local state = state_of(id, said, queue, limits)
    if not (queue and is_one_of(state, PERMITTED.cancel)) then
      redis.call('SREM', P .. 'cancelled', id)
    elseif state ~= 'running' and can_discard(state, queue) then
      discard(id, state, queue)
      redis.call('SREM', P .. 'cancelled', id)
    end
  end
end

-- Returns the cancelled jobs that a worker holds. It looks for what the worker holds, as there may be thousands of
-- others, of workers that are frozen. A key of another type must stop no heartbeat: it waits for the doctor.
local function cancelled_of(worker)
  local found = {}
  if (size('SCARD', 'cancelled') or 0) == 0 then return found end
  local held_ids = redis.call('HKEYS', P .. 'f:' .. worker)
  for first = 1, #held_ids, SWEEP do
    local last = math.min(first + SWEEP - 1, #held_ids)
    local marks = redis.call('SMISMEMBER', P .. 'cancelled', unpack(held_ids, first, last))
    for i, is_cancelled in ipairs(marks) do
      if is_cancelled == 1 then found[#found + 1] = held_ids[first + i - 1] end
    end
  end
  return found
end
