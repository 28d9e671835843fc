-- How new jobs are stored.
-- Parts: places.
--
-- Jobs come in groups, of which each differ in nothing but their id and their arguments. The arguments of a
-- script have of a group: how many jobs it has, their ids, the arguments of each, then what they share, which
-- is queue, priority, run_at or '', and fields of their records after the number of these values. A unique job is
-- a group of its own, and its lock the last of these fields.

-- Returns where of a group stands what its jobs share, and the last argument of the group.
local function shared_of(first)
  local shared = first + 1 + 2 * ARGV[first]
  return shared, shared + 3 + ARGV[shared + 3]
end

-- Makes sure of all keys that `store` writes to for the same arguments, so that it stores all jobs or none: Redis
-- refuses to read one of another type. Of a single group it writes nothing else before what may fail.
local function expect_store(first, last)
  local i = first
  while i <= last do
    local shared, end_of_group = shared_of(i)
    if i == first and end_of_group == last then return end
    redis.call('ZCARD', P .. 's:scheduled')
    redis.call('ZCARD', P .. 'q:' .. ARGV[shared])
    redis.call('SCARD', P .. 'queues')
    redis.call('SCARD', P .. 'paused')
    i = end_of_group + 1
  end
end

-- Leaves out jobs that are known already: their keys become false.
local function leave_out_known(keys, members)
  for n = #keys, 1, -1 do
    if redis.call('EXISTS', keys[n]) == 1 then
      keys[n] = false
      table.remove(members, 2 * n)
      table.remove(members, 2 * n - 1)
    end
  end
end

-- Writes the records of new jobs, whose arguments follow one of the script's. Takes the fields that they share.
local function write_records(keys, before, ...)
  for n, key in ipairs(keys) do
    if key then redis.call('HSET', key, 'a', ARGV[before + n], ...) end
  end
end

-- Stores the new jobs of a group, and returns its last argument. Known ids are left as they are: jobs get their
-- places first, so that one is known only when nothing of it can fail any more.
local function store_group(first)
  local shared, last = shared_of(first)
  local number, queue, run_at = tonumber(ARGV[first]), ARGV[shared], ARGV[shared + 2]
  local is_due = run_at == '' or tonumber(run_at) <= now
  local score, step = run_at, 0
  mark(queue) -- also for known jobs: the call may have failed before anybody was woken
  if is_due then
    score, step = new_places(ARGV[first], ARGV[shared + 1]), 1
  end
  local keys, members = {}, {}
  for n = 1, number do
    local id = ARGV[first + n]
    keys[n] = P .. 'j:' .. id
    members[2 * n - 1], members[2 * n] = score + step * (n - 1), id
  end
  if redis.call('EXISTS', unpack(keys)) > 0 then leave_out_known(keys, members) end
  if #members == 0 then return last end
  redis.call('ZADD', P .. (is_due and 'q:' .. queue or 's:scheduled'), unpack(members))
  if is_due then
    local queued_at = string.format('%.0f', now)
    write_records(keys, first + number, 'q', queue, 's', 'queued', 'u', queued_at, unpack(ARGV, shared + 4, last))
  else
    write_records(keys, first + number, 'q', queue, 's', 'scheduled', unpack(ARGV, shared + 4, last))
  end
  return last
end

-- Stores new jobs, which the arguments between two have in groups.
local function store(first, last)
  while first <= last do
    first = store_group(first) + 1
  end
end
