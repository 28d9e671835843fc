-- The jobs that workers hold, and how they are given back.
-- Parts: expect, shapes, fields, many, places, locks, waiters.

-- Returns what is noted of a job that a worker holds. Behind the result_ttl stand, each or '', the lock of a unique one, the batch
-- of a member, and if it has slots, its field x. Token and tag together are the fence of the claim: after a server lost its
-- last writes, the same token is given out twice.
local function hold(token, tag, score, claimed_at, result_ttl, lock, batch, limits)
  return token .. ':' .. tag .. ':' .. score .. ':' .. claimed_at .. ':' .. result_ttl .. ':' .. lock .. '@' .. batch .. ' ' .. limits
end

-- Notes jobs that a worker holds: ids, each followed by its value. The first value is made longer than 64
-- bytes, as Redis keeps shorter ones in a list, and looks through all of it for each of hundreds of jobs.
local function note(flight, holdings)
  if #holdings == 0 then return end
  holdings[2] = string.format('%-65s', holdings[2])
  with_many('HSET', flight, holdings)
end

-- Returns fence, tag, place, claimed_at, result_ttl, lock or '', limits or '', and batch or '' of a job that a worker
-- holds, or nothing if the value is not what `hold` writes.
local function held(value)
  local fence, tag, score, claimed_at, result_ttl, lock, batch, limits =
    string.match(value, '^(%d+:(%d+)):(%-?%d+):(%d+):(%d+):([^%s@]*)@(%S*) +(.*)$')
  if fence and #score <= 18 then return fence, tag, score, claimed_at, result_ttl, lock, limits, batch end
end

-- Does so for a job that the worker holds no longer, whatever the reason, and frees its slots. Given a fence, it does
-- nothing to a claim under another one.
local function let_go(value, wanted)
  local fence, tag, score, claimed_at, result_ttl, lock, limits, batch = held(value)
  if wanted and fence ~= wanted then return nil end
  if limits and limits ~= '' then
    if not free_slots then enter_limits() end
    free_slots(limits)
  end
  return fence, tag, score, claimed_at, result_ttl, lock, limits, batch
end

-- Writes fields of jobs that a worker holds, from an argument on: id, fence, field, value of each.
local function write_held(worker, first)
  for i = first, #ARGV, 4 do
    local value = redis.pcall('HGET', P .. 'f:' .. worker, ARGV[i])
    if type(value) == 'string' and held(value) == ARGV[i + 1] and read(ARGV[i], 's')[1] then
      redis.call('HSET', P .. 'j:' .. ARGV[i], ARGV[i + 2], ARGV[i + 3])
    end
  end
end

-- Undoes the attempt that was begun last, and brings the job to a state. Returns its queue; nothing if the job
-- was evicted, or deleted by hand.
local function undo_attempt(id, state)
  local job = P .. 'j:' .. id
  local got = read(id, 'q', 'k', 'w')
  if not got[1] then return end
  local attempts = math.max(0, (tonumber(got[2]) or 1) - 1)
  redis.call('HSET', job, 's', state, 'k', attempts, 'w', string.match(got[3] or '', '^(.*),[^,]*$') or '')
  if attempts == 0 then
    redis.call('HDEL', job, 'b', 'm')
  end
  return got[1]
end

-- Does to the lock of a claim what the end of the claim does, if the job is unique. A job that waits again, and whose
-- lock ended at its start, gets it again if that is free. One that is gone leaves its lock to the next one.
local function lock_again(id, lock, is_gone)
  if not lock or lock == '' then return end
  if is_gone then free_lock(id, lock) else take_lock(id, lock) end
end

-- Undoes the attempt that was begun last, and puts the job back to its old place.
local function give_back(id, score, lock)
  local queue = undo_attempt(id, 'queued')
  lock_again(id, lock, not queue)
  if not queue then return end
  put_back(id, queue, score)
  mark(queue)
end

-- Returns the fields of a hash in order, and their values by them. Of jobs that come back together, the first one
-- gets a lock that all of them had until their start.
local function in_order(flat)
  local ids, values = {}, {}
  for i = 1, #flat, 2 do
    ids[#ids + 1], values[flat[i]] = flat[i], flat[i + 1]
  end
  table.sort(ids)
  return ids, values
end

-- Marks all queues with jobs, as some may have been left alone that must not share a worker with one
-- that is held no longer.
local function mark_all()
  for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
    if (size('ZCARD', 'q:' .. queue) or 0) > 0 then
      mark(queue)
    end
  end
end
