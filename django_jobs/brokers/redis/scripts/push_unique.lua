-- Stores jobs of which some are unique, or merges those with the jobs that hold their locks: all of them or none.
--
-- Parts: unique_calls.
-- KEYS[1]: prefix. ARGV: as of `push.lua`.
-- Returns {'merged'}, followed by the number of each job that was merged, from 0, and the id of the one with which
--   it was; {'refused', number of a job, id of the holder or ''} with nothing stored, if another one, or an
--   earlier one of the call, holds the lock of a job that must not be merged; 0 as `push.lua` does.
-- Invariant: a copy of a push changes nothing, and returns the same.
expect_unique(3, #ARGV)
local last, number = tonumber(redis.call('ZSCORE', P .. 'pushes', ARGV[1]) or 0), tonumber(ARGV[2])
if last > number then return 0 end
if last == number then return recall(3) end
local reply = store_calls(3)
redis.call('ZADD', P .. 'pushes', ARGV[2], ARGV[1])
return reply
