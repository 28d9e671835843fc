-- Forgets a worker that stops, and gives back what it still holds.
--
-- KEYS[1]: prefix. ARGV: worker.
local worker = ARGV[1]
local flight = redis.call('HGETALL', P .. 'f:' .. worker)
for i = 1, #flight, 2 do
  local _, score = held(flight[i + 1])
  give_back(flight[i], score)
end
redis.call('DEL', P .. 'f:' .. worker, P .. 'r:' .. worker, P .. 'b:' .. worker, P .. 'w:' .. worker, P .. 'd:' .. worker)
redis.call('SREM', P .. 'doubted', worker)
redis.call('HDEL', P .. 'suspects', worker)
redis.call('HDEL', P .. 'orders', worker)
redis.call('ZREM', P .. 'leases', worker)
return redis.status_reply('OK')
