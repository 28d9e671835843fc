-- Counts the jobs in each state.
--
-- Parts: retention.
-- KEYS[1]: prefix. Returns state, number, state, number …
sweep(SWEEP)
local queued, waiting, running = 0, 0, 0
for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
  queued = queued + redis.call('ZCARD', P .. 'q:' .. queue)
  waiting = waiting + redis.call('ZCARD', P .. 'y:' .. queue)
end
for _, worker in ipairs(redis.call('ZRANGE', P .. 'leases', 0, -1)) do
  running = running + redis.call('HLEN', P .. 'f:' .. worker)
end
local counts = { 'queued', queued, 'waiting', waiting, 'running', running }
for _, states in ipairs({ DEFERRED, ENDED }) do
  for _, state in ipairs(states) do
    counts[#counts + 1] = state
    counts[#counts + 1] = redis.call('ZCARD', P .. 's:' .. state)
  end
end
return counts
