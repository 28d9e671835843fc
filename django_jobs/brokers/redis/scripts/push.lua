-- Stores jobs as scheduled or queued: all of them or none.
--
-- Parts: store.
-- KEYS[1]: prefix. ARGV: name of the sender, number of its push; the jobs, as `store` takes them.
-- Invariant: a copy of a push changes nothing, however late it comes: also when its jobs have ended, or
--   were deleted, and are forgotten.
if redis.call('ZADD', P .. 'pushes', 'GT', 'CH', ARGV[2], ARGV[1]) == 1 then
  store(3, #ARGV)
end
return redis.status_reply('OK')
