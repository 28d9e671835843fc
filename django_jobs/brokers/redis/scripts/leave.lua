-- Forgets a worker that stops, and gives back what it still holds.
--
-- Parts: flight.
-- KEYS[1]: prefix. ARGV: worker.
local worker = ARGV[1]
give_back_all(worker)
redis.call('DEL', P .. 'r:' .. worker, P .. 'b:' .. worker, P .. 'w:' .. worker, P .. 'd:' .. worker)
redis.call('SREM', P .. 'doubted', worker)
redis.call('HDEL', P .. 'suspects', worker)
redis.call('HDEL', P .. 'orders', worker)
redis.call('ZREM', P .. 'leases', worker)
return redis.status_reply('OK')
