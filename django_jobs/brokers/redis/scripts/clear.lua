-- Forgets queued jobs of a queue, a portion at a time.
--
-- Parts: expect, ends.
-- KEYS[1]: prefix. ARGV: queue, portion. Returns how many there were in this portion.
expect('ZCARD', 'expiries')
local popped = redis.call('ZPOPMIN', P .. 'q:' .. ARGV[1], ARGV[2])
for i = 1, #popped, 2 do
  forget({ popped[i] })
end
return #popped / 2
