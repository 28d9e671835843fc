-- Claims a tick of a periodic task, and stores its job in the same step.
--
-- Parts: shapes, store.
-- KEYS[1]: prefix. ARGV: name, last tick seen or '', tick, then the job as `store` takes jobs, if any.
-- Returns 1, or 0 if another worker was first.
-- Invariant: of all who saw the same last tick, one wins. A last tick that somebody spoilt is none.
--   While the periodic task is switched off, its ticks pass without a job.
local last = redis.call('HGET', P .. 'ticks', ARGV[1]) or ''
if not is_instant(last) then last = '' end
if last ~= ARGV[2] then return 0 end
if ARGV[4] and redis.call('HEXISTS', P .. 'off', ARGV[1]) == 0 then
  store(4)
  redis.call('HSET', P .. 'runs', ARGV[1], ARGV[5])
end
redis.call('HSET', P .. 'ticks', ARGV[1], ARGV[3])
return 1
