-- Forgets queued jobs of a queue, a portion at a time.
--
-- Parts: expect, retention, locks.
-- KEYS[1]: prefix. ARGV: queue, portion. Returns how many there were in this portion.
expect('ZCARD', 'expiries')
expect_lists_of_queues()
local popped = redis.call('ZPOPMIN', P .. 'q:' .. ARGV[1], ARGV[2])
for i = 1, #popped, 2 do
  local lock = read(popped[i], 'l')[1]
  if lock then free_lock(popped[i], lock) end
  forget({ popped[i] })
end
return #popped / 2
