-- Forgets a worker that stops, and gives back what it still holds.
--
-- Parts: flight.
-- KEYS[1]: prefix. ARGV: worker.
local worker = ARGV[1]
give_back_all(worker)
for _, kind in ipairs({ 'r:', 'o:', 'a:', 'b:', 'w:', 'd:' }) do
  redis.call('DEL', P .. kind .. worker)
end
redis.call('SREM', P .. 'doubted', worker)
redis.call('HDEL', P .. 'suspects', worker)
redis.call('HDEL', P .. 'orders', worker)
redis.call('ZREM', P .. 'leases', worker)
return redis.status_reply('OK')
