-- Stores jobs as scheduled or queued: all of them or none.
--
-- Parts: store.
-- KEYS[1]: prefix. ARGV: name of the sender, number of its push; the jobs, as `store` takes them.
-- Returns 1; 0 with nothing stored if the sender has made a later push. Then this is a copy that came
--   late, whose reply nobody waits for, or another sender has the same name.
-- Invariant: a copy of a push changes nothing, however late it comes: also when its jobs have ended, or
--   were deleted, and are forgotten.
expect_store(3, #ARGV)
local pushes, name, number = P .. 'pushes', ARGV[1], ARGV[2]
if redis.call('ZADD', pushes, 'GT', 'CH', number, name) == 0 then
  return tonumber(redis.call('ZSCORE', pushes, name)) == tonumber(number) and 1 or 0
end
local stored, failure = pcall(store, 3, #ARGV)
if stored then return 1 end
redis.call('ZADD', pushes, number - 1, name) -- a push that failed must not look like one that was answered
error(failure, 0)
