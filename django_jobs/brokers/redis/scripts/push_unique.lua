-- Stores jobs of which some are unique, or merges those with the jobs that hold their locks: all of them or none.
--
-- Parts: unique_push.
-- KEYS[1]: prefix. ARGV: as of `push.lua`.
-- Returns {'merged'}, followed by the number of each job that was merged, from 0, and the id of the one with which
--   it was; {'refused', number of a job, id of the holder or ''} with nothing stored, if another one, or an
--   earlier one of the call, holds the lock of a job that must not be merged; 0 as `push.lua` does.
-- Invariant: a copy of a push changes nothing, and returns the same.

-- Tells whether a conflict refuses the call of a job.
local function is_strict(lock)
  local _, _, conflict, after_commit = lock_parts(lock)
  return conflict == 'x' and after_commit == '0'
end

-- Returns the number and the id of the first job that must not be merged, and the holder of its lock or ''.
local function first_refused()
  local earlier, refused, refused_id, holder = {}, nil, nil, nil
  for_each_group(3, #ARGV, function(number, i, group_end)
    local id, lock = ARGV[i + 1], lock_of_group(group_end)
    if refused or not lock or redis.call('EXISTS', P .. 'j:' .. id) == 1 then return end
    local digest = lock_parts(lock)
    if is_strict(lock) then
      holder = holder_of(digest)
      if holder or earlier[digest] then refused, refused_id = number, id end
    end
    earlier[digest] = true
  end)
  return refused, refused_id, holder or ''
end

-- Returns the reply to the first copy of this call.
local function recall()
  local refused
  for_each_group(3, #ARGV, function(number, i, group_end)
    local id = ARGV[i + 1]
    if not lock_of_group(group_end) then return end
    local other = merged_with(id)
    if other then
      merged[#merged + 1], merged[#merged + 2] = number, other
    else
      local holder = string.match(noted_call(id), '^refused:(%S*)$')
      if holder then refused = { 'refused', number, holder } end
    end
  end)
  return refused or { 'merged', unpack(merged) }
end

expect_unique(3, #ARGV)
local last, number = tonumber(redis.call('ZSCORE', P .. 'pushes', ARGV[1]) or 0), tonumber(ARGV[2])
if last > number then return 0 end
if last == number then return recall() end
local refused, id, holder = first_refused()
if refused then
  redis.call('SET', P .. 'a:' .. id, 'refused:' .. holder, 'PX', RESENT_MS) -- for copies of this push
else
  for_each_group(3, #ARGV, store_or_merge)
end
redis.call('ZADD', P .. 'pushes', ARGV[2], ARGV[1])
return refused and { 'refused', refused, holder } or { 'merged', unpack(merged) }
