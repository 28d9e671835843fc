-- Reads ids of the nodes of a workflow.
--
-- KEYS[1]: prefix. ARGV: id of the workflow, offset, limit.
return redis.call('LRANGE', P .. 'i:' .. ARGV[1], ARGV[2], ARGV[2] + ARGV[3] - 1)
