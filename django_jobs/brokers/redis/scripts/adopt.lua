-- Stores a waiting job of another broker with its history, in a queue that is paused in the same step.
--
-- Parts: expect, places.
-- KEYS[1]: prefix. ARGV: queue, id, priority, state, due time or '' for a queued job, number of fields and
--   their values, fields and values, failures.
-- Returns 1; 0 if the id is known already, and the job is left as it is.
local queue, id, priority, state, due, number = unpack(ARGV, 1, 6)
local job, failures = P .. 'j:' .. id, P .. 'e:' .. id
expect_queue(queue)
expect('ZCARD', 's:scheduled')
expect('ZCARD', 's:retrying')
redis.call('SADD', P .. 'paused', queue)
redis.call('DEL', P .. 'm:' .. queue)
if redis.call('EXISTS', job) == 1 then return 0 end
if state == 'queued' then
  enqueue(id, queue, tonumber(priority))
  mark(queue)
else
  redis.call('ZADD', P .. 's:' .. state, due, id)
end
redis.call('HSET', job, unpack(ARGV, 7, 6 + number))
redis.call('DEL', failures)
if #ARGV > 6 + number then redis.call('RPUSH', failures, unpack(ARGV, 7 + number)) end
return 1
