-- Ends a listen of a worker: the present one, or else the next one.
--
-- Parts: full.
-- KEYS[1]: prefix. ARGV: worker, seconds after which an unused interruption is gone.
local interruptions = P .. 'd:' .. ARGV[1]
redis.call('DEL', interruptions)
redis.call('RPUSH', interruptions, '1')
redis.call('EXPIRE', interruptions, ARGV[2])
return redis.status_reply('OK')
