-- How new jobs are stored.
-- Parts: places.

-- Takes an id and arguments for each job, and returns the keys, ids and arguments of those that nobody
-- knows yet.
local function unknown(first, number)
  local keys, ids, arguments = {}, {}, {}
  for i = 1, number do
    ids[i], arguments[i] = ARGV[first + 2 * i - 2], ARGV[first + 2 * i - 1]
    keys[i] = P .. 'j:' .. ids[i]
  end
  if redis.call('EXISTS', unpack(keys)) == 0 then return keys, ids, arguments end
  for i = number, 1, -1 do
    if redis.call('EXISTS', keys[i]) == 1 then
      table.remove(keys, i)
      table.remove(ids, i)
      table.remove(arguments, i)
    end
  end
  return keys, ids, arguments
end

-- Stores new jobs, which the arguments between two have in groups. Those of a group differ in nothing but their id
-- and their arguments: how many they are, both of each, and what they share, which is queue, priority,
-- run_at or '', the number of the values that follow, then fields and values. Known ids are left as they
-- are: jobs get their places first, so that one is known only when nothing of it can fail any more.
local function store(first, last)
  local i = first
  while i <= last do
    local number = tonumber(ARGV[i])
    local keys, ids, arguments = unknown(i + 1, number)
    i = i + 1 + 2 * number
    local queue, priority, run_at, count = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3]
    i = i + 4 + count
    if #ids > 0 then
      local job = { '', 'a', '', 's', 'queued', unpack(ARGV, i - count, i - 1) }
      if run_at and run_at > now then
        job[5] = 'scheduled'
        line_up(P .. 's:scheduled', ids, run_at, 0)
      else
        job[#job + 1], job[#job + 2] = 'u', string.format('%.0f', now)
        enqueue(ids, queue, priority)
      end
      for n, key in ipairs(keys) do
        job[1], job[3] = key, arguments[n]
        redis.call('HSET', unpack(job))
      end
    end
    mark(queue) -- also for known jobs: the call may have failed before anybody was woken
  end
end
