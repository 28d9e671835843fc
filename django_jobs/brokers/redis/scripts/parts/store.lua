-- How new jobs are stored.
-- Parts: places.
--
-- Jobs come in groups, of which each differ in nothing but their id, their arguments and a few fields more. The arguments
-- of a script have of a group: how many jobs it has, their ids, the arguments of each, then queue, priority, run_at
-- or '', how many more fields its jobs have of their own, of each of these its name and the value of each job, and fields
-- that their records share after the number of these values. What a job says of its turn, and its lock, are own fields.

-- Returns where of a group stands what its jobs share, the last argument of the group, and where the number of
-- their fields stands.
local function shared_of(first)
  local number = tonumber(ARGV[first])
  local shared = first + 1 + 2 * number
  local fields = shared + 4 + ARGV[shared + 3] * (number + 1)
  return shared, fields + ARGV[fields], fields
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

-- Leaves out jobs that are known already: their keys become false, and they are in none of the lists.
local function leave_out_known(keys, ids, of_jobs)
  if redis.call('EXISTS', unpack(keys)) == 0 then return end
  for n = #keys, 1, -1 do
    if redis.call('EXISTS', keys[n]) == 1 then
      keys[n] = false
      table.remove(ids, n)
      if of_jobs then table.remove(of_jobs, n) end
    end
  end
end

-- Returns what each job of a group has in an own field, or nil if the group has no such field. Takes how many jobs it has, and
-- what `shared_of` says of it.
local function own_values(field, number, shared, fields)
  for name = shared + 4, fields - 1, number + 1 do
    if ARGV[name] == field then return { unpack(ARGV, name + 1, name + number) } end
  end
end

-- Writes the records of new jobs of a group, of which it takes the same. Takes what HSET does for each of them: its key and its
-- arguments are empty yet, and its own fields are missing.
local function write_records(first, number, shared, fields, keys, record)
  local places, before = { 3 }, { first + number } -- of own fields: where in the record, and behind which argument
  for name = shared + 4, fields - 1, number + 1 do
    record[#record + 1], record[#record + 2] = ARGV[name], ''
    places[#places + 1], before[#before + 1] = #record, name
  end
  for n, key in ipairs(keys) do
    if key then
      record[1] = key
      for i = 1, #places do record[places[i]] = ARGV[before[i] + n] end
      redis.call('HSET', unpack(record))
    end
  end
end

-- Stores the new jobs of a group, and returns its last argument. Known ids are left as they are: jobs get their
-- places first, so that one is known only when nothing of it can fail any more.
local function store_group(first)
  local shared, last, fields = shared_of(first)
  local number, queue, run_at = tonumber(ARGV[first]), ARGV[shared], ARGV[shared + 2]
  local is_due = run_at == '' or tonumber(run_at) <= now
  mark(queue) -- also for known jobs: the call may have failed before anybody was woken
  local keys, ids = {}, {}
  local of_jobs = own_values('y', number, shared, fields)
  for n = 1, number do
    ids[n] = ARGV[first + n]
    keys[n] = P .. 'j:' .. ids[n]
  end
  local has_turns = false
  if redis.call('EXISTS', P .. 'v:' .. queue, unpack(keys)) > 0 then
    has_turns = redis.call('EXISTS', P .. 'v:' .. queue) == 1
    leave_out_known(keys, ids, of_jobs)
  end
  if #ids == 0 then return last end
  if is_due then
    redis.call('ZADD', P .. 'q:' .. queue, unpack(new_members(ids, queue, ARGV[shared + 1], has_turns, of_jobs)))
    local queued_at = string.format('%.0f', now)
    write_records(first, number, shared, fields, keys,
      { '', 'a', '', 'q', queue, 's', 'queued', 'u', queued_at, unpack(ARGV, fields + 1, last) })
  else
    for n = #ids, 1, -1 do
      ids[2 * n - 1], ids[2 * n] = run_at, ids[n]
    end
    redis.call('ZADD', P .. 's:scheduled', unpack(ids))
    write_records(first, number, shared, fields, keys,
      { '', 'a', '', 'q', queue, 's', 'scheduled', unpack(ARGV, fields + 1, last) })
  end
  return last
end

-- Stores new jobs, which the arguments between two have in groups.
local function store(first, last)
  while first <= last do
    first = store_group(first) + 1
  end
end
