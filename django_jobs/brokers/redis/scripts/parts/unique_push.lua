-- How unique jobs are stored, or merged with those that hold their locks.
-- Parts: store, locks, ends, cancelling.

-- Returns the locks of the jobs of a group, or nil if they are not unique.
local function locks_of(first)
  local shared, _, fields = shared_of(first)
  return own_values('l', tonumber(ARGV[first]), shared, fields)
end

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
  local said, queue, token, batch, limits = unpack(read(id, 's', 'q', 'n', 'B', 'x'), 1, 5)
  if awaits_lock(id) then ARGV[first + 5] = string.format('%.0f', NO_DUE_TIME) end
  take_out(id, state_of(id, said, queue, limits), queue)
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

-- Stores a unique job, which the arguments between two have as a group, or merges it. Returns the id of the job that
-- stands for it.
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

-- Copies some jobs of a group behind all arguments, as a group. Returns its first and its last argument.
local function part_of(first, from, to)
  local number, shared, last, fields = tonumber(ARGV[first]), shared_of(first)
  if from == 1 and to == number then return first, last end
  local copy_first = #ARGV + 1
  local function copy(i, j) for n = i, j do ARGV[#ARGV + 1] = ARGV[n] end end
  ARGV[copy_first] = to - from + 1
  copy(first + from, first + to)
  copy(first + number + from, first + number + to)
  copy(shared, shared + 3)
  for name = shared + 4, fields - 1, number + 1 do
    copy(name, name)
    copy(name + from, name + to)
  end
  copy(fields, last)
  return copy_first, #ARGV
end

-- Tells for each job of a group whether the group has its lock to itself: nobody holds it, no earlier job has the same one,
-- and the job is not known. Takes the digests of the locks.
local function are_free(first, digests)
  local locks, jobs, free, is_taken = {}, {}, {}, {}
  for n, digest in ipairs(digests) do
    locks[n], jobs[n] = P .. 'l:' .. digest, P .. 'j:' .. ARGV[first + n]
  end
  local are_known = redis.call('EXISTS', unpack(jobs)) > 0
  for n, holder in ipairs(redis.call('MGET', unpack(locks))) do
    local digest = digests[n]
    free[n] = not holder and not is_taken[digest] and not (are_known and redis.call('EXISTS', jobs[n]) == 1)
    is_taken[digest] = true
  end
  return free
end

-- Stores some jobs of a group that have their locks to themselves.
local function store_free(first, from, to, digests)
  store(part_of(first, from, to))
  local taken = {}
  for n = from, to do
    taken[#taken + 1], taken[#taken + 2] = P .. 'l:' .. digests[n], ARGV[first + n]
  end
  redis.call('MSET', unpack(taken))
end

-- Stores the jobs of a group, or merges unique ones. Neighbours that have their locks to themselves are stored together.
-- Returns the id of the job that stands for the last of them.
local function store_or_merge(number, first, last)
  local locks, jobs = locks_of(first), tonumber(ARGV[first])
  local id = ARGV[first + jobs]
  if not locks then
    store(first, last)
    return id
  end
  if jobs == 1 then return store_unique(number, first, last, locks[1]) end
  local digests = {}
  for n, lock in ipairs(locks) do digests[n] = digest_of(lock) end
  local free, n = are_free(first, digests), 1
  while n <= jobs do
    local to = n
    if free[n] then
      while free[to + 1] do to = to + 1 end
      store_free(first, n, to, digests)
      id = ARGV[first + to]
    else
      local alone, alone_last = part_of(first, n, n)
      id = store_unique(number + n - 1, alone, alone_last, locks[n])
    end
    n = to + 1
  end
  return id
end

-- Makes sure of all keys to which jobs are written that may be merged.
local function expect_unique(first, last)
  expect('ZCARD', 's:scheduled')
  redis.call('INCRBY', P .. 'seq', 0) -- it may be text, which no other command tells
  for_each_group(first, last, function(_, i) expect_queue(ARGV[(shared_of(i))]) end)
end
