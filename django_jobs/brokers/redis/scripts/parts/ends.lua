-- How jobs end.
-- Parts: expect, fields, retention, locks, member_notes.

-- Replaces what somebody else wrote in the place of the failures: it must not keep the job from its end.
local function add_failure(id, failure)
  if failure == '' then return end
  local failures = P .. 'e:' .. id
  if not could('RPUSH', failures, failure) then
    redis.call('UNLINK', failures)
    redis.call('RPUSH', failures, failure)
  end
  redis.call('LTRIM', failures, -FAILURES_KEPT, -1)
end

-- Writes a failure that no worker reported.
local function failure_of(exception, message, worker, attempt)
  return cjson.encode({ exception, message, '', now, worker, attempt })
end

-- Ends a job as dead with a failure.
local function end_as_dead(id, failure)
  local lock, batch = unpack(read(id, 'l', 'B'), 1, 2)
  if lock then free_lock(id, lock) end
  if batch then member_ended(id, batch, 'dead') end
  add_failure(id, failure)
  redis.call('HSET', P .. 'j:' .. id, 's', 'dead', 'f', now)
  finish_one(id, 'dead', batch)
end
