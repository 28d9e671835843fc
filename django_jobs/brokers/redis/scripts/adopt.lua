-- Stores a waiting job of another broker with its history, in a queue that is paused in the same step.
--
-- Parts: expect, places, locks.
-- KEYS[1]: prefix. ARGV: name of the sender, number of its push; queue, id, priority, state, due time or '' for a queued job,
--   lock or '', turn or '', number of fields and their values, fields and values, failures.
-- Returns 1, also if the id is known already or another job holds the lock of this one, and no job is stored; 0 as
--   `push.lua` does.
-- Invariant: a copy of a call changes nothing: the job may have run since, and be forgotten.
local sender, number, queue, id, priority, state, due, lock, turn, fields = unpack(ARGV, 1, 10)
local job, failures = P .. 'j:' .. id, P .. 'e:' .. id

local function adopt()
  if state == 'queued' then
    enqueue(id, queue, tonumber(priority), turn)
    mark(queue)
  else
    redis.call('ZADD', P .. 's:' .. state, due, id)
  end
  redis.call('HSET', job, unpack(ARGV, 11, 10 + fields))
  redis.call('DEL', failures)
  if #ARGV > 10 + fields then redis.call('RPUSH', failures, unpack(ARGV, 11 + fields)) end
end

expect_queue(queue)
expect('ZCARD', 's:scheduled')
expect('ZCARD', 's:retrying')
local last = tonumber(redis.call('ZSCORE', P .. 'pushes', sender) or 0)
if last >= tonumber(number) then return last == tonumber(number) and 1 or 0 end
redis.call('SADD', P .. 'paused', queue)
redis.call('DEL', P .. 'm:' .. queue)
if redis.call('EXISTS', job) == 0 and (lock == '' or take_lock(id, lock)) then adopt() end
redis.call('ZADD', P .. 'pushes', number, sender)
return 1
