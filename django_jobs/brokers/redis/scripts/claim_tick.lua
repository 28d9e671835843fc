-- Claims a tick of a periodic task, and stores its job in the same step.
--
-- KEYS[1]: prefix. ARGV: name, last tick seen or '', tick, then the job as `store` takes it, if any.
-- Returns 1, or 0 if another worker was first.
-- Invariant: of all who saw the same last tick, one wins.
local last = redis.call('HGET', P .. 'ticks', ARGV[1]) or ''
if last ~= ARGV[2] then
  return 0
end
redis.call('HSET', P .. 'ticks', ARGV[1], ARGV[3])
store(4)
return 1
