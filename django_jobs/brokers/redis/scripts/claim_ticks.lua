-- Claims ticks of periodic tasks, and stores their jobs in the same step.
--
-- Parts: expect, ticks, unique_push.
-- KEYS[1]: prefix. ARGV: for each tick name, last tick seen or '',
--   tick, the number of the values that follow, then the job as `store` takes jobs, if any.
-- Returns for each 1, or 0 if another worker was first or its time has not come.
--   A tick whose queue is damaged ends the script with an error, after all others.
-- Invariant: of all who saw the same last tick, one wins. A last tick that does not count is none.
--   While the periodic task is switched off, its ticks pass without a job.
local function claim(name, seen, tick, first, last)
  local claimed = redis.call('HGET', P .. 'ticks', name) or ''
  if not is_tick(claimed) then claimed = '' end
  if claimed ~= seen or not is_tick(tick) then return 0 end
  expect_unique(first, last)
  if first <= last and redis.call('HEXISTS', P .. 'off', name) == 0 then
    redis.call('HSET', P .. 'runs', name, store_or_merge(0, first, last))
  end
  redis.call('HSET', P .. 'ticks', name, tick)
  return 1
end

expect('HLEN', 'runs')
local reply, failure = {}, nil
local i = 1
while i <= #ARGV do
  local last = i + 3 + tonumber(ARGV[i + 3])
  local good, claimed = pcall(claim, ARGV[i], ARGV[i + 1], ARGV[i + 2], i + 4, last)
  if not good then failure = failure or claimed end
  reply[#reply + 1] = good and claimed or 0
  i = last + 1
end
if failure then error(failure, 0) end
return reply
