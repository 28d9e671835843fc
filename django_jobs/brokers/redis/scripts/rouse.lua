-- Ends the wait of a worker that stops, or its next one.
--
-- Parts: full.
-- KEYS[1]: prefix. ARGV: worker, seconds after which nobody needs it any more.
local door = P .. 'd:' .. ARGV[1]
redis.call('DEL', door)
redis.call('RPUSH', door, '1')
redis.call('EXPIRE', door, ARGV[2])
return redis.status_reply('OK')
