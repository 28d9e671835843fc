-- Stores jobs as scheduled or queued: all of them or none.
--
-- Parts: store.
-- KEYS[1]: prefix. ARGV: name of the sender, number of its push; the jobs, as `store` takes them.
-- Returns 1; 0 with nothing stored if the sender has made a later push. Then this is a copy that came
--   late, whose reply nobody waits for, or another sender has the same name.
-- Invariant: a copy of a push changes nothing, however late it comes: also when its jobs have ended, or
--   were deleted, and are forgotten.
expect_store(3, #ARGV)
local last, number = tonumber(redis.call('ZSCORE', P .. 'pushes', ARGV[1]) or 0), tonumber(ARGV[2])
if last < number then
  store(3, #ARGV)
  -- Behind the jobs: a push that failed half-way must not look like one that was answered.
  redis.call('ZADD', P .. 'pushes', ARGV[2], ARGV[1])
  return 1
end
return last == number and 1 or 0
