-- How unique jobs are stored, or merged with those that hold their locks.
-- Parts: store, locks, ends, cancelling.

local merged = {} -- numbers of the jobs of a call that were merged, and the ids of those with which they were

-- Lets the id of a job that is not stored stand for another one for some time.
local function merge(number, id, other, after_commit)
  local kept_ms = after_commit == '1' and ALIAS_MS or RESENT_MS
  redis.call('SET', P .. 'a:' .. id, string.format('%.0f:%s', now + kept_ms, other), 'PX', kept_ms + SWEPT_LATER_MS)
  merged[#merged + 1], merged[#merged + 2] = number, other
  return other
end

-- Puts a call in the place of a job that waits, under that one's id. The token grows, so that an operator who has seen
-- the job before does nothing to the call.
local function replace(first, last, id)
  local state, queue, token, batch = unpack(read(id, 's', 'q', 'n', 'B'), 1, 4)
  if awaits_lock(id) then ARGV[first + 5] = string.format('%.0f', NO_DUE_TIME) end
  take_out(id, state, queue)
  redis.call('UNLINK', P .. 'j:' .. id)
  ARGV[first + 1] = id
  store(first, last)
  local job = P .. 'j:' .. id
  redis.call('HSET', job, 'n', string.format('%.0f', (tonumber(token) or 0) + 1))
  if batch then redis.call('HSET', job, 'B', batch) else redis.call('HDEL', job, 'B') end
  redis.pcall('SREM', P .. 'cancelled', id) -- who cancelled the job did not mean this call
end

-- Returns the job that waits for a lock, if it does. One that will be discarded with its batch waits no longer: it becomes due.
local function rightful(successor)
  if not (successor and awaits_lock(successor)) then return nil end
  local batch, queue = unpack(read(successor, 'B', 'q'), 1, 2)
  if not (batch and is_batch_cancelled(batch)) then return successor end
  redis.call('ZADD', P .. 's:scheduled', now, successor)
  mark(queue)
end

-- Stores a unique job, which the arguments between two have as a group of its own, or merges it. Returns the id of
-- the job that stands for it.
local function store_unique(number, first, last, lock)
  local id = ARGV[first + 1]
  local digest, _, conflict, after_commit = lock_parts(lock)
  if redis.call('EXISTS', P .. 'j:' .. id) == 1 then
    store(first, last)
    return id
  end
  local holder, successor, is_kept = holder_of(digest)
  if not holder or holder == id then
    store(first, last)
    redis.call('SET', P .. 'l:' .. digest, id)
    return id
  end
  if conflict ~= 'r' or is_kept then return merge(number, id, holder, after_commit) end
  successor = rightful(successor)
  if not successor then
    if read(holder, 's')[1] == 'running' then
      ARGV[first + 5] = string.format('%.0f', NO_DUE_TIME)
      store(first, last)
      redis.call('SET', P .. 'l:' .. digest, holder .. ' ' .. id)
      return id
    end
    successor = holder
  end
  replace(first, last, successor)
  return merge(number, id, successor, after_commit)
end

-- Returns the lock of the only job of a group, given its last argument, or nil.
local function lock_of_group(last)
  return ARGV[last - 1] == 'l' and ARGV[last] or nil
end

-- Calls a function for each group of jobs that the arguments between two have: with the number of its first job
-- in the call, its first and its last argument.
local function for_each_group(first, last, act)
  local number = 0
  while first <= last do
    local _, end_of_group = shared_of(first)
    act(number, first, end_of_group)
    number, first = number + tonumber(ARGV[first]), end_of_group + 1
  end
end

-- Stores the jobs of a group, or merges a unique one. Returns the id of the job that stands for the first of them.
local function store_or_merge(number, first, last)
  local lock = lock_of_group(last)
  if lock then return store_unique(number, first, last, lock) end
  store(first, last)
  return ARGV[first + 1]
end

-- Makes sure of all keys to which jobs are written that may be merged.
local function expect_unique(first, last)
  expect('ZCARD', 's:scheduled')
  redis.call('INCRBY', P .. 'seq', 0) -- it may be text, which no other command tells
  for_each_group(first, last, function(_, i) expect_queue(ARGV[(shared_of(i))]) end)
end
