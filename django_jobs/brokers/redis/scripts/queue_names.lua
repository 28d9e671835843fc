-- Returns the names of the queues that a worker of all queues looks at.
--
-- Parts: queues.
-- KEYS[1]: prefix. Those of idle queues are among them if all are at most MANY_QUEUES.
-- Invariant: a queue that gets a job is not idle, and its mark tells a waiting worker to look again.
if redis.call('SCARD', P .. 'queues') + redis.call('ZCARD', P .. 'idle') <= MANY_QUEUES then
  return known_queues()
end
return redis.call('SUNION', P .. 'queues', P .. 'paused')
