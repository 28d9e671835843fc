-- Returns the names of the queues that a worker of all queues looks at.
--
-- Parts: queues.
-- KEYS[1]: prefix. ARGV: number of names up to which those of idle queues are among them.
-- Invariant: a queue that gets a job is not idle, and its mark tells a waiting worker to look again.
local most = tonumber(ARGV[1])
if redis.call('SCARD', P .. 'queues') + redis.call('ZCARD', P .. 'idle') <= most then
  return known_queues()
end
return redis.call('SUNION', P .. 'queues', P .. 'paused')
