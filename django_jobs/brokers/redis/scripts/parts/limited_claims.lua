-- How jobs with limits are claimed, and how they come to wait.
-- Parts: request, many, shapes, waiters.
-- Entered by: enter_limits.

local closed = {} -- keys without a free slot; none becomes free while jobs are claimed
local moved = {} -- jobs that will wait, by queue and key
local heads = {} -- by queue: the first job that waits and could start, or false

-- Lets a job that was taken out of its queue wait for a key.
local function let_wait(id, queue, score, key, state)
  if state ~= 'waiting' then redis.call('HSET', P .. 'j:' .. id, 's', 'waiting') end
  moved[queue] = moved[queue] or {}
  moved[queue][key] = moved[queue][key] or {}
  append(moved[queue][key], score, id)
  moves = moves + 1
end

local left = {} -- ids of jobs that have waited, and wait no longer, by queue
local touched = {} -- how many of them waited for each key, by queue

-- Writes what the call has done to the jobs that wait for slots.
local function write_waiters()
  for queue, ids in pairs(left) do
    could_many('ZREM', P .. 'y:' .. queue, ids)
    local ended = {} -- how many have waited for each limit
    for key, number in pairs(touched[queue]) do
      ended[key.limit] = (ended[key.limit] or 0) + number
    end
    for limit, number in pairs(ended) do count_waiting(limit, -number) end
    for key in pairs(touched[queue]) do tidy_key(queue, key) end
  end
  for queue, by_key in pairs(moved) do let_all_wait(queue, by_key) end
  left, touched, moved = {}, {}, {}
end

-- Takes a job out of those that wait, which is the first one of its key.
local function leave_head(queue, head)
  redis.call('ZREM', P .. waiters_of(head.key, queue), head.id)
  left[queue], touched[queue] = left[queue] or {}, touched[queue] or {}
  table.insert(left[queue], head.id)
  touched[queue][head.key] = (touched[queue][head.key] or 0) + 1
end

-- Returns the limits of which a job needs slots: none if its time is over, as its worker will only discard it.
local over = {} -- by what jobs were enqueued with: whether their time is over
local function limits_now(job)
  local is_over = over[job.e]
  if is_over == nil then
    is_over = string.sub(job.e, -1) ~= ':' and tonumber((select(5, terms(job.e)))) <= now
    over[job.e] = is_over
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
    closed, heads = {}, {}
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

-- Reads jobs that were popped, and with one command for each limit how many slots are taken of their keys. It stops
-- where the next one would need a thread that is not free, as most of them then go back.
local function read_popped(popped)
  local jobs, keys, threads = {}, {}, at_once
  for i = 1, #popped, 2 do
    local job = read_all(popped[i])
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

-- Finds it in the key that is listed first. Its place may be behind the one for which the key is listed.
local function find_head(queue)
  local open = P .. 'o:' .. queue
  while moves < MOVED_PER_CALL do
    local listed = redis.pcall('ZRANGE', open, '0', '1', 'WITHSCORES')
    local next_score = listed[4]
    if not listed[1] then return false end
    local key = key_of(listed[1])
    local first = redis.pcall('ZRANGE', P .. waiters_of(key, queue), '0', '0', 'WITHSCORES')
    local score, has_slot = first[2], first[2] and is_free(key)
    if has_slot and (score == listed[2] or not next_score or tonumber(score) < tonumber(next_score)) then
      return { id = first[1], key = key, score = score, at = tonumber(score) }
    end
    if has_slot then
      redis.call('ZADD', open, score, key.text)
    else
      redis.call('ZREM', open, key.text)
      if score then
        unlist(key, queue, 'XX')
        note_opening(key)
      end
    end
    moves = moves + 1
  end
  return false
end

-- Returns the first job of a queue that waits and could start, or false.
local function open_head(queue)
  if heads[queue] == nil then heads[queue] = find_head(queue) end
  return heads[queue]
end

-- Tells whether a queue may have more of them, also beyond where this call may look.
local function may_have_open(queue)
  return open_head(queue) or moves >= MOVED_PER_CALL and (size('ZCARD', 'o:' .. queue) or 0) > 0
end
