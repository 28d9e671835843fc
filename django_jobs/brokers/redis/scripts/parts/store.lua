-- How new jobs are stored.
-- Parts: expect, places.

-- Leaves out of each list what belongs to a job that is known already.
local function leave_out_known(keys, ...)
  for n = #keys, 1, -1 do
    if redis.call('EXISTS', keys[n]) == 1 then
      table.remove(keys, n)
      for _, list in ipairs({ ... }) do
        table.remove(list, n)
      end
    end
  end
end

-- Makes sure of all keys that `store` writes to for the same arguments, so that it stores all jobs or none.
-- Of a single group it writes nothing else before what may fail.
local function expect_store(first, last)
  local i = first
  while i <= last do
    local shared = i + 1 + 2 * tonumber(ARGV[i])
    if i == first and shared + 9 > last then return end
    expect('ZCARD', 's:scheduled')
    expect_queue(ARGV[shared + 1])
    i = shared + 9
  end
end

-- Stores new jobs, which the arguments between two have in groups. Those of a group differ in nothing but
-- their id and their arguments: how many they are, their ids, the arguments of each, and what they share,
-- which is task, queue, priority, run_at or '', terms, overrides, signature, metadata and format, each of these
-- four or ''.
-- Known ids are left as they are: jobs get their places first, so that one is known only when nothing of it
-- can fail any more.
local function store(first, last)
  local i = first
  while i <= last do
    local number = tonumber(ARGV[i])
    local ids = { unpack(ARGV, i + 1, i + number) }
    local arguments = { unpack(ARGV, i + 1 + number, i + 2 * number) }
    local shared = i + 1 + 2 * number
    local task, queue, priority, run_at, terms = unpack(ARGV, shared, shared + 4)
    local overrides, signature, metadata, format = unpack(ARGV, shared + 5, shared + 8)
    i = shared + 9
    mark(queue) -- also for known jobs: the call may have failed before anybody was woken
    local keys = {}
    for n, id in ipairs(ids) do
      keys[n] = P .. 'j:' .. id
    end
    if redis.call('EXISTS', unpack(keys)) > 0 then
      leave_out_known(keys, ids, arguments)
    end
    if #ids > 0 then
      local job = { '', 'a', '', 't', task, 'q', queue, 'e', terms, 's', 'queued' }
      if overrides ~= '' then
        job[#job + 1], job[#job + 2] = 'o', overrides
      end
      if signature ~= '' then
        job[#job + 1], job[#job + 2] = 'i', signature
      end
      if metadata ~= '' then
        job[#job + 1], job[#job + 2] = 'd', metadata
      end
      if format ~= '' then
        job[#job + 1], job[#job + 2] = 'r', format
      end
      if run_at ~= '' and tonumber(run_at) > now then
        job[11] = 'scheduled'
        if not line_up(P .. 's:scheduled', ids, run_at, 0) then expect('ZCARD', 's:scheduled') end
      else
        job[#job + 1], job[#job + 2] = 'u', string.format('%.0f', now)
        if not enqueue(ids, queue, priority) then expect_queue(queue) end
      end
      for n, key in ipairs(keys) do
        job[1], job[3] = key, arguments[n]
        redis.call('HSET', unpack(job))
      end
    end
  end
end
