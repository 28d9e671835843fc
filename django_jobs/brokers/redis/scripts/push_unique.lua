-- Stores jobs of which some are unique, or merges those with the jobs that hold their locks: all of them or none.
--
-- Parts: unique_push.
-- KEYS[1]: prefix. ARGV: as of `push.lua`.
-- Returns {'merged'}, followed by the number of each job that was merged, from 0, and the id of the one with which
--   it was; {'refused', number of a job, id of the holder or ''} with nothing stored, if another one, or an
--   earlier one of the call, holds the lock of a job that must not be merged; {'stale'} as `push.lua` returns 0.
-- Invariant: a copy of a push changes nothing, and returns the same.

-- Returns the first job that must not be merged, and the holder of its lock.
local function first_refused()
  local refused, earlier = nil, {}
  for_each_group(3, #ARGV, function(number, i, group_end)
    local digest, _, conflict, after_commit = lock_parts(lock_of_group(group_end))
    if refused or not digest or redis.call('EXISTS', P .. 'j:' .. ARGV[i + 1]) == 1 then return end
    if conflict == 'x' and after_commit == '0' then
      pass_lock_on(digest)
      local holder = other_holder(ARGV[i + 1], digest)
      if holder or earlier[digest] then refused = { 'refused', number, holder or '' } end
    end
    earlier[digest] = true
  end)
  return refused
end

-- Notes again what became of the jobs in the first copy of this call.
local function recall(number, i, group_end)
  local id = ARGV[i + 1]
  if not lock_of_group(group_end) or redis.call('EXISTS', P .. 'j:' .. id) == 1 then return end
  local other = behind(id)
  if other then merged[#merged + 1], merged[#merged + 2] = number, other end
end

expect_unique(3, #ARGV)
local last, number = tonumber(redis.call('ZSCORE', P .. 'pushes', ARGV[1]) or 0), tonumber(ARGV[2])
if last > number then return { 'stale' } end
if last < number then
  local refused = first_refused()
  if refused then return refused end
  for_each_group(3, #ARGV, store_or_merge)
  redis.call('ZADD', P .. 'pushes', ARGV[2], ARGV[1])
else
  for_each_group(3, #ARGV, recall)
end
return { 'merged', unpack(merged) }
