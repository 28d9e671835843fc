-- Stores a waiting job of another broker with its history, in a queue that is paused in the same step.
--
-- Parts: expect, places, locks.
-- KEYS[1]: prefix. ARGV: queue, id, priority, state, due time or '' for a queued job, lock or '', turn or '',
--   number of fields and their values, fields and values, failures.
-- Returns 1; 0 if the id is known already, or another job holds the lock of this one, and nothing is changed.
local queue, id, priority, state, due, lock, turn, number = unpack(ARGV, 1, 8)
local job, failures = P .. 'j:' .. id, P .. 'e:' .. id
expect_queue(queue)
expect('ZCARD', 's:scheduled')
expect('ZCARD', 's:retrying')
redis.call('SADD', P .. 'paused', queue)
redis.call('DEL', P .. 'm:' .. queue)
if redis.call('EXISTS', job) == 1 then return 0 end
if lock ~= '' and not take_lock(id, lock) then return 0 end
if state == 'queued' then
  enqueue(id, queue, tonumber(priority), turn)
  mark(queue)
else
  redis.call('ZADD', P .. 's:' .. state, due, id)
end
redis.call('HSET', job, unpack(ARGV, 9, 8 + number))
redis.call('DEL', failures)
if #ARGV > 8 + number then redis.call('RPUSH', failures, unpack(ARGV, 9 + number)) end
return 1
