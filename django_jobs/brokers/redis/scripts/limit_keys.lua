-- Reads some of the keys of a limit for which jobs wait.
--
-- KEYS[1]: prefix. ARGV: id of the limit, how many at most.
return redis.call('ZRANGE', P .. 'g:' .. ARGV[1], 0, ARGV[2] - 1)
