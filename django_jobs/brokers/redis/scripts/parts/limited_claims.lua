-- How jobs with limits are claimed, and how they come to wait.
-- Parts: request, many, shapes, waiters, open_keys.
-- Entered by: enter_limits.

local are_batches = redis.call('EXISTS', P .. 'batches', P .. 'workflows') > 0 -- so that jobs may end instead of waiting
local closed = {} -- keys without a free slot; none becomes free while jobs are claimed
local moved = {} -- jobs that will wait, by queue: `all` of them, and `by_key`

-- Lets a job that was taken out of its queue wait for a key.
local function let_wait(id, queue, score, key, state)
  if state ~= 'waiting' then redis.call('HSET', P .. 'j:' .. id, 's', 'waiting') end
  local of_queue = moved[queue]
  if not of_queue then
    of_queue = { all = {}, by_key = {} }
    moved[queue] = of_queue
  end
  local of_key = of_queue.by_key[key]
  if not of_key then
    of_key = {}
    of_queue.by_key[key] = of_key
  end
  append(of_queue.all, score, id)
  append(of_key, score, id)
  moves = moves + 1
end

local left = {} -- ids of jobs that have waited, and wait no longer, by queue
local touched = {} -- how many of them waited for each limit, by queue
local emptied = {} -- keys for which no more jobs wait, by queue

-- Writes what the call has done to the jobs that wait for slots.
local function write_waiters()
  write_open()
  for queue, ids in pairs(left) do
    could_many('ZREM', P .. 'y:' .. queue, ids)
    for limit, number in pairs(touched[queue]) do count_waiting(limit, -number) end
    forget_keys(queue, emptied[queue])
  end
  for queue, jobs in pairs(moved) do let_all_wait(queue, jobs.all, jobs.by_key) end
  left, touched, emptied, moved = {}, {}, {}, {}
end

-- Takes the first job of a queue that waits and could start out of those that wait, and returns it.
local function leave_first(queue)
  local head = take_head(queue)
  local limit = head.key.limit
  redis.call('ZREM', P .. waiters_of(head.key, queue), head.id)
  if not left[queue] then
    left[queue], touched[queue], emptied[queue] = {}, {}, {}
  end
  table.insert(left[queue], head.id)
  touched[queue][limit] = (touched[queue][limit] or 0) + 1
  if head.is_last then table.insert(emptied[queue], head.key) end
  moves = moves + 2 -- as that takes twice as long as to let a job wait
  return head
end

-- Tells whether the time of a job is over, so that it needs no slots: its worker will only discard it.
local are_over = {} -- by what jobs were enqueued with
local function is_over(job)
  if are_over[job.e] == nil then
    are_over[job.e] = string.sub(job.e, -1) ~= ':' and tonumber((select(5, terms(job.e)))) <= now
  end
  return are_over[job.e]
end

-- Notes numbers of a limit that were declared later than those that are known.
local function declare(limit, said)
  said.is_declared = true
  local known = number_of(limit)
  local declared_at = math.min(said.declared_at, now) -- the clock of another host may be ahead
  if known and declared_at <= known.declared_at then return end
  local number = {
    n = said.n, per = said.per, declared_at = declared_at, own = known and known.own or '',
    paused = known and known.paused or '0', version = known and known.version or 0,
  }
  if known and (known.n ~= said.n or known.per ~= said.per) then
    write_waiters()
    change_number(limit, number)
    closed = {}
    forget_open()
  else
    write_number(limit, number)
  end
end

-- Returns the first key of a job that has no free slot for it.
local function closed_key(found)
  for n = 1, #found do
    if not found.terms[n].is_declared then declare(found[n].limit, found.terms[n]) end
  end
  for n = 1, #found do
    local key = found[n]
    if closed[key] then return key end
    if not is_free(key) then
      closed[key] = true
      return key
    end
  end
end

-- Reads what popped jobs say of their limits, and with one command for each limit how many slots are taken of their keys. It
-- stops where the next one would need a thread that is not free, as most of them then go back. Returns of each job its limits
-- or false, and all its fields; where jobs wait already, only the limits, as many of these have to wait, too.
local function read_popped(queue, popped)
  local limits, jobs, keys, threads = {}, {}, {}, at_once
  local is_brief = redis.call('EXISTS', P .. 'y:' .. queue) == 1
  for i = 1, #popped, 2 do
    local n, text = (i + 1) / 2, nil
    if is_brief then
      text = redis.pcall('HGET', P .. 'j:' .. popped[i], 'x')
      if type(text) ~= 'string' then text = nil end
    else
      jobs[n] = read_all(popped[i])
      text = jobs[n].x
    end
    local found = text and (parsed[text] or limits_of(text))
    limits[n] = found or false
    if found then
      for m = 1, #found do
        if not found[m].count and found.terms[m].per == 0 then keys[#keys + 1] = found[m] end
      end
      if found.is_timed then threads = threads - 1 end
      if threads < 0 then break end
    end
  end
  read_counts(keys)
  return limits, jobs
end
