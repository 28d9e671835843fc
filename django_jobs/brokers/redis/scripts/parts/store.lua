-- How new jobs are stored.
-- Parts: places.

-- Stores new jobs. Each takes from the arguments: id, queue, priority, run_at or '', the number of
-- the values that follow, then fields and values. Known ids are left as they are: a job gets its
-- place first, so that one is known only when nothing of it can fail any more.
local function store(first)
  local touched = {}
  local i = first
  while i <= #ARGV do
    local id, queue, priority, run_at, count = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
    local job = P .. 'j:' .. id
    if redis.call('EXISTS', job) == 0 then
      local later = run_at ~= '' and tonumber(run_at) > now
      if later then
        redis.call('ZADD', P .. 's:scheduled', run_at, id)
        redis.call('HSET', job, 's', 'scheduled', unpack(ARGV, i + 5, i + 4 + count))
      else
        enqueue(id, queue, priority)
        redis.call('HSET', job, 's', 'queued', 'u', now, unpack(ARGV, i + 5, i + 4 + count))
      end
    end
    touched[queue] = true -- also for a known job: the call may have failed before anybody was woken
    i = i + 5 + count
  end
  for queue in pairs(touched) do
    mark(queue)
  end
end
