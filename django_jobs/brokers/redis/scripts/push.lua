-- Stores jobs as scheduled or queued: all of them or none.
--
-- Parts: store.
-- KEYS[1]: prefix. ARGV: the jobs, as `store` takes them.
-- Invariant: sending the same jobs twice changes nothing.
store(1, #ARGV)
return redis.status_reply('OK')
