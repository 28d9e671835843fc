-- How jobs with limits are claimed, and how they come to wait.
-- Parts: request, many, shapes, waiters, open_keys.
-- Entered by: enter_limits.

local are_batches = redis.call('EXISTS', P .. 'batches', P .. 'workflows') > 0 -- so that jobs may end instead of waiting
local closed = {} -- keys without a free slot; none becomes free while jobs are claimed

-- Jobs of the present queue, as far as that is not written.
local moved, moved_by_key = {}, {} -- jobs that will wait: all of them, and by key
local left = {} -- ids of jobs that have waited, and wait no longer
local touched = {} -- how many of them waited for each limit
local emptied = {} -- keys for which no more jobs wait

-- Lets a job that was taken out of its queue wait for a key.
local function let_wait(id, score, key)
  local of_key = moved_by_key[key]
  if not of_key then
    of_key = {}
    moved_by_key[key] = of_key
  end
  append(moved, score, id)
  append(of_key, score, id)
  moves = moves + 1
end

-- Writes what the call has done to the jobs of a queue that wait for slots.
local function write_waiters(queue)
  write_open()
  if #left > 0 then
    could_many('ZREM', P .. 'y:' .. queue, left)
    for limit, number in pairs(touched) do count_waiting(limit, -number) end
    forget_keys(queue, emptied)
  end
  if #moved > 0 then let_all_wait(queue, moved, moved_by_key) end
  left, touched, emptied, moved, moved_by_key = {}, {}, {}, {}, {}
end

-- Takes the first job of a queue that waits and could start out of those that wait, and returns it.
local function leave_first(queue)
  local head = take_head(queue)
  local limit = head.key.limit
  redis.call('ZREM', P .. waiters_of(head.key, queue), head.id)
  left[#left + 1] = head.id
  touched[limit] = (touched[limit] or 0) + 1
  if head.is_last then emptied[#emptied + 1] = head.key end
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
local function declare(limit, said, queue)
  said.is_declared = true
  local known = number_of(limit)
  local declared_at = math.min(said.declared_at, now) -- the clock of another host may be ahead
  if known and declared_at <= known.declared_at then return end
  local number = {
    n = said.n, per = said.per, declared_at = declared_at, own = known and known.own or '',
    paused = known and known.paused or '0', version = known and known.version or 0,
  }
  if known and (known.n ~= said.n or known.per ~= said.per) then
    write_waiters(queue)
    change_number(limit, number)
    closed = {}
    forget_open()
  else
    write_number(limit, number)
  end
end

local function declare_all(found, queue)
  found.are_declared = true
  for n, said in ipairs(found.terms) do
    if not said.is_declared then declare(found[n].limit, said, queue) end
  end
end

-- Returns the first key of a job that has no free slot for it.
local function closed_key(found, queue)
  if not found.are_declared then declare_all(found, queue) end
  for n = 1, #found do
    local key = found[n]
    if closed[key] then return key end
    if not is_free(key) then
      closed[key] = true
      return key
    end
  end
end

-- Tells whether jobs waited for a limit when the call first asked.
local function is_awaited(limit)
  if limit.is_awaited == nil then limit.is_awaited = redis.call('EXISTS', P .. 'g:' .. limit.id) == 1 end
  return limit.is_awaited
end

-- Takes apart what a job says of its limits, and adds those of its keys to a list of which it has to be known how many slots are
-- taken.
local function limits_to_count(text, keys)
  local found = limits_of(text)
  for n, key in ipairs(found) do
    if found.terms[n].per == 0 then keys[#keys + 1] = key end
  end
  return found
end

-- Reads what popped jobs say of their limits, and with one command for each limit how many slots are taken of their keys. It
-- stops where the next one would need a thread that is not free, as most of them then go back. Returns of each job its limits
-- or false, and all its fields. Behind a job whose limit others wait for it reads only the limits, as neighbours are often
-- alike, and that one has to wait, too.
local function read_popped(popped)
  local limits, jobs, keys, threads, is_brief = {}, {}, {}, at_once, false
  for i = 1, #popped, 2 do
    local n, text = (i + 1) / 2, nil
    if is_brief then
      text = redis.pcall('HGET', P .. 'j:' .. popped[i], 'x')
    else
      jobs[n] = read_all(popped[i])
      text = jobs[n].x
    end
    local found = parsed[text] or type(text) == 'string' and limits_to_count(text, keys)
    limits[n], is_brief = found, found and found[1] and is_awaited(found[1].limit)
    if found and found.is_timed then
      threads = threads - 1
      if threads < 0 then break end
    end
  end
  read_counts(keys)
  return limits, jobs
end
