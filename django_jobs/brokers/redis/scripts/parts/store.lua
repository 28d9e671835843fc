-- How new jobs are stored.
-- Parts: places.
--
-- Jobs come in groups, of which each differ in nothing but their id, their arguments and their turn. The arguments
-- of a script have of a group: how many jobs it has, their ids, the arguments of each, then queue, priority, run_at
-- or '', the turn of each after the number of them, which may be 0, and fields that their records share after
-- the number of these values. A unique job is a group of its own, and its lock the last of these fields.

-- Returns where of a group stands what its jobs share, the last argument of the group, and where the number of
-- their fields stands.
local function shared_of(first)
  local shared = first + 1 + 2 * ARGV[first]
  local fields, turns = shared + 4, ARGV[shared + 3]
  if turns ~= '0' then fields = fields + turns end
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

-- Writes the records of new jobs, whose arguments follow one of the script's, and whose turns follow another one, if
-- they have some. Takes the fields that they share.
local function write_records(keys, before, before_turns, ...)
  for n, key in ipairs(keys) do
    if key and before_turns then
      redis.call('HSET', key, 'a', ARGV[before + n], 'y', ARGV[before_turns + n], ...)
    elseif key then
      redis.call('HSET', key, 'a', ARGV[before + n], ...)
    end
  end
end

-- Stores the new jobs of a group, and returns its last argument. Known ids are left as they are: jobs get their
-- places first, so that one is known only when nothing of it can fail any more.
local function store_group(first)
  local shared, last, fields = shared_of(first)
  local number, queue, run_at = tonumber(ARGV[first]), ARGV[shared], ARGV[shared + 2]
  local is_due = run_at == '' or tonumber(run_at) <= now
  local before_turns = fields > shared + 4 and shared + 3 or nil
  mark(queue) -- also for known jobs: the call may have failed before anybody was woken
  local keys, ids = {}, {}
  local of_jobs = before_turns and { unpack(ARGV, shared + 4, fields - 1) }
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
    write_records(keys, first + number, before_turns,
      'q', queue, 's', 'queued', 'u', queued_at, unpack(ARGV, fields + 1, last))
  else
    for n = #ids, 1, -1 do
      ids[2 * n - 1], ids[2 * n] = run_at, ids[n]
    end
    redis.call('ZADD', P .. 's:scheduled', unpack(ids))
    write_records(keys, first + number, before_turns,
      'q', queue, 's', 'scheduled', unpack(ARGV, fields + 1, last))
  end
  return last
end

-- Stores new jobs, which the arguments between two have in groups.
local function store(first, last)
  while first <= last do
    first = store_group(first) + 1
  end
end
