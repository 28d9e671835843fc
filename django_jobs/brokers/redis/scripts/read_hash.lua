-- Reads a whole hash.
--
-- KEYS[1]: prefix. ARGV: its name. Returns fields and values.
return redis.call('HGETALL', P .. ARGV[1])
