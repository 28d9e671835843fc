-- Leaves an order for a worker's next heartbeat.
--
-- Parts: full.
-- KEYS[1]: prefix. ARGV: worker, order. Returns 1, or 0 if there is no such worker.
if redis.call('EXISTS', P .. 'w:' .. ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', P .. 'orders', ARGV[1], ARGV[2])
return 1
