-- The queued jobs that wait for slots. Nothing is woken by an event that could be missed: a key for which jobs wait and
-- that has a free slot is in o:<queue> of each of their queues, and a claim takes the first of these jobs from there.
-- Parts: slots, fields, places.

local freed = {} -- ids of jobs that hold their slots no longer, by key

local function waiters_of(key, queue)
  return 'x:' .. key .. ':' .. queue
end

local function id_of(key)
  return string.match(key, '^[^:]*')
end

-- Notes when time gives a key a slot for the jobs that wait for it.
local function note_opening(key)
  local at = opens_at(key)
  if at then could('ZADD', P .. 'opens', at, key) end
end

-- Lists keys for each queue whose jobs wait for them, as far as they have free slots by now.
local function look_at(keys)
  local open, passed = {}, {}
  for _, key in ipairs(keys) do
    local queues = redis.pcall('SMEMBERS', P .. 'u:' .. key)
    if #queues > 0 and not is_free(key) then
      note_opening(key)
    elseif #queues > 0 then
      passed[#passed + 1] = key
      for _, queue in ipairs(queues) do
        local first = redis.pcall('ZRANGE', P .. waiters_of(key, queue), 0, 0, 'WITHSCORES')
        open[queue] = open[queue] or {}
        if first[2] then table.insert(open[queue], first[2]); table.insert(open[queue], key) end
      end
    end
  end
  if #passed > 0 then could('ZREM', P .. 'opens', unpack(passed)) end
  for queue, listed in pairs(open) do
    if #listed > 0 and could('ZADD', P .. 'o:' .. queue, unpack(listed)) then mark(queue) end
  end
end

-- Notes that a job left its worker, whose slots were given under these keys. A start stays counted.
local function free_slots(id, keys)
  for key in string.gmatch(keys, 'c[^: ]+:[^: ]*') do
    freed[key] = freed[key] or {}
    table.insert(freed[key], id)
  end
end

-- Gives what was freed in this call to the jobs that wait for it.
local function give_freed()
  local keys = {}
  for key, ids in pairs(freed) do
    redis.pcall('SREM', P .. 'h:' .. key, unpack(ids))
    used[key], keys[#keys + 1] = nil, key
  end
  freed = {}
  look_at(keys)
end

-- Counts jobs that wait for a limit from now on, or with a negative number no longer. The count is for people alone, so one
-- that was damaged stops nobody.
local function count_waiting(id, number)
  redis.pcall('HINCRBY', P .. 'waits', id, number)
end

-- Forgets of a key that jobs of a queue wait for it, if none does any more.
local function tidy_key(queue, key)
  if redis.call('EXISTS', P .. waiters_of(key, queue)) == 1 then return end
  could('ZREM', P .. 'o:' .. queue, key)
  could('SREM', P .. 'u:' .. key, queue)
  if redis.call('EXISTS', P .. 'u:' .. key) == 1 then return end
  could('ZREM', P .. 'g:' .. id_of(key), key)
  could('ZREM', P .. 'opens', key)
  if size('ZCARD', 'g:' .. id_of(key)) == 0 then redis.pcall('HDEL', P .. 'waits', id_of(key)) end
end

-- Takes a job out of those that wait for a key.
local function leave_key(id, queue, key)
  if redis.pcall('ZREM', P .. waiters_of(key, queue), id) ~= 1 then return end
  count_waiting(id_of(key), -1)
  tidy_key(queue, key)
end

-- Takes a job out of what it waits in, and returns whether it did.
local function leave_waiters(id, queue)
  if redis.pcall('ZREM', P .. 'y:' .. queue, id) ~= 1 then return false end
  for _, limit in ipairs(limits_of(read(id, 'x')[1] or '')) do
    leave_key(id, queue, limit.key)
  end
  return true
end

-- Lets jobs of a queue wait: by key their places, each before its id. If a key is of another type they are in no index
-- until the doctor has repaired both.
local function let_all_wait(queue, by_key)
  local all, noted, counted = {}, {}, {}
  for key, jobs in pairs(by_key) do
    could('ZADD', P .. waiters_of(key, queue), unpack(jobs))
    could('SADD', P .. 'u:' .. key, queue)
    for _, value in ipairs(jobs) do all[#all + 1] = value end
    local id = id_of(key)
    noted[id], counted[id] = noted[id] or {}, (counted[id] or 0) + #jobs / 2
    table.insert(noted[id], number_of(id).version)
    table.insert(noted[id], key)
    note_opening(key)
  end
  could('ZADD', P .. 'y:' .. queue, unpack(all))
  for id, keys in pairs(noted) do
    could('ZADD', P .. 'g:' .. id, unpack(keys))
    count_waiting(id, counted[id])
  end
end

-- Looks at keys of a limit that has changed, a portion at a time, and returns whether there are more.
local function review(id)
  local version = number_of(id) and number_of(id).version or 0
  local keys = redis.call('ZRANGEBYSCORE', P .. 'g:' .. id, '-inf', '(' .. version, 'LIMIT', 0, MOVED_PER_CALL)
  local noted = {}
  for _, key in ipairs(keys) do
    noted[#noted + 1], noted[#noted + 2] = version, key
  end
  if #keys > 0 then redis.call('ZADD', P .. 'g:' .. id, unpack(noted)) end
  look_at(keys)
  if #keys == MOVED_PER_CALL then return true end
  redis.call('SREM', P .. 'reviews', id)
  return false
end

-- Notes other numbers of a limit, and looks at the keys for which jobs wait.
local function change_number(id, number)
  number.version = number.version + 1
  write_number(id, number)
  redis.call('SADD', P .. 'reviews', id)
  return review(id)
end

-- Looks at the keys to which time or a change may have given slots, a portion at a time.
local function look_at_due()
  redis.call('ZREMRANGEBYSCORE', P .. 'closed', '-inf', now)
  local due = redis.call('ZRANGEBYSCORE', P .. 'opens', '-inf', now, 'LIMIT', 0, MOVED_PER_CALL)
  if #due > 0 then redis.call('ZREM', P .. 'opens', unpack(due)) end
  look_at(due)
  local id = redis.call('SRANDMEMBER', P .. 'reviews')
  if id then review(id) end
end

-- Returns when time gives a slot next: the end of time if it does not.
local function next_opening()
  return tonumber(redis.call('ZRANGE', P .. 'opens', 0, 0, 'WITHSCORES')[2] or math.huge)
end

-- Makes sure of all keys that belong to limits as a whole.
local function expect_limits()
  expect('HLEN', 'limits')
  expect('ZCARD', 'opens')
  expect('ZCARD', 'closed')
  expect('SCARD', 'reviews')
end
