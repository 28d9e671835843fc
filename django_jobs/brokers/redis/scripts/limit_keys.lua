-- Reads some of the keys of a limit for which jobs wait.
--
-- KEYS[1]: prefix. ARGV: id of the limit, how many to leave out, how many at most.
return redis.call('ZRANGE', P .. 'g:' .. ARGV[1], ARGV[2], ARGV[2] + ARGV[3] - 1)
