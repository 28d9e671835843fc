-- Reads one job.
--
-- KEYS[1]: prefix. ARGV: id.
-- Returns {fields and values, failures, due time or ''}.
sweep(100)
local id = ARGV[1]
local due = redis.call('ZSCORE', P .. 's:scheduled', id) or redis.call('ZSCORE', P .. 's:retrying', id)
return { redis.call('HGETALL', P .. 'j:' .. id), redis.call('LRANGE', P .. 'e:' .. id, 0, -1), due or '' }
