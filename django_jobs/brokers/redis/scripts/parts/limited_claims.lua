-- How jobs with limits are claimed, and how they come to wait.
-- Parts: request, many, shapes, waiters, open_keys.
-- Entered by: enter_limits.

local closed = {} -- keys without a free slot; none becomes free while jobs are claimed
local moved = {} -- jobs that will wait, by queue and key

-- Lets a job that was taken out of its queue wait for a key.
local function let_wait(id, queue, score, key, state)
  if state ~= 'waiting' then redis.call('HSET', P .. 'j:' .. id, 's', 'waiting') end
  moved[queue] = moved[queue] or {}
  moved[queue][key] = moved[queue][key] or {}
  append(moved[queue][key], score, id)
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
  for queue, by_key in pairs(moved) do let_all_wait(queue, by_key) end
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

-- Returns the limits of which a job needs slots: none if its time is over, as its worker will only discard it.
local are_over = {} -- by what jobs were enqueued with: whether their time is over
local function limits_now(job)
  local is_over = are_over[job.e]
  if is_over == nil then
    is_over = string.sub(job.e, -1) ~= ':' and tonumber((select(5, terms(job.e)))) <= now
    are_over[job.e] = is_over
  end
  return not is_over and (parsed[job.x] or limits_of(job.x)) or nil
end

-- Notes numbers of a limit that were declared later than those that are known.
local function declare(limit, said)
  said.declared_for = limit
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
  if not found.are_declared then
    for n = 1, #found do
      local limit, said = found[n].limit, found.terms[n]
      if said.declared_for ~= limit then declare(limit, said) end
    end
    found.are_declared = true
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

-- Reads of a job what tells whether it has to wait for slots, if nothing else can keep it from running.
local function read_briefly(id)
  local got = read(id, 'x', 'e', 'B', 'r')
  local job = { x = got[1] or nil, e = got[2] or '', is_brief = true }
  return not got[3] and not got[4] and result_ttl_of(job) and job or {}
end

-- Reads jobs that were popped, and with one command for each limit how many slots are taken of their keys. It stops
-- where the next one would need a thread that is not free, as most of them then go back. Where jobs wait already, it reads no
-- more than tells whether these have to wait, too.
local function read_popped(queue, popped)
  local jobs, keys, threads = {}, {}, at_once
  local read_one = redis.call('EXISTS', P .. 'y:' .. queue) == 1 and read_briefly or read_all
  for i = 1, #popped, 2 do
    local job = read_one(popped[i])
    local text = job.x
    jobs[(i + 1) / 2] = job
    if text then
      local found = parsed[text] or limits_of(text)
      for n = 1, #found do
        if not found[n].count and found.terms[n].per == 0 then keys[#keys + 1] = found[n] end
      end
      if found.is_timed then threads = threads - 1 end
    end
    if threads < 0 then break end
  end
  read_counts(keys)
  return jobs
end
