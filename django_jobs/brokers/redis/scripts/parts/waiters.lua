-- The jobs that wait for slots. Nothing is woken by an event that could be missed: a key for which jobs wait and
-- that has a free slot is in o:<queue> of each of their queues, and a claim takes the first of these jobs from there.
-- Parts: slots, fields, many, places.
-- Entered by: enter_limits.

local present = text_of(now) -- Redis takes longer to write a number than to take a text
local freed = {} -- by key: how many jobs hold its slots no longer

local function waiters_of(key, queue)
  return 'x:' .. key .. ':' .. queue
end

local function id_of(key)
  return (split(key))
end

local function append_pair(list, score, member)
  local n = #list
  list[n + 1], list[n + 2] = score, member
end

-- Notes when time gives a key a slot for the jobs that wait for it.
local function note_opening(key)
  local at = opens_at(key)
  if at then could('ZADD', P .. 'opens', at, key) end
end

local listings = LISTED_PER_CALL -- for how many queues this call may still list keys

-- Lists a free key for queues whose jobs wait for it, those first that have not been listed for the longest time.
-- Returns whether it is listed for all of them.
local function list_for_queues(key, listed)
  local room, noted = listings, {}
  local queues = redis.pcall('ZRANGEBYSCORE', P .. 'u:' .. key, '-inf', '(inf', 'LIMIT', '0', room)
  for _, queue in ipairs(queues) do
    local first = redis.pcall('ZRANGE', P .. waiters_of(key, queue), '0', '0', 'WITHSCORES')
    listed[queue] = listed[queue] or {}
    if first[2] then append_pair(listed[queue], first[2], key) end
    append_pair(noted, 'inf', queue)
  end
  if #noted > 0 then redis.call('ZADD', P .. 'u:' .. key, unpack(noted)) end
  listings = room - #queues
  return #queues < room
end

-- Notes that jobs of a queue wait for a key that is not listed for it, or is not in the right place.
local function unlist(key, queue, how)
  could('ZADD', P .. 'u:' .. key, how, 'LT', present, queue)
end

-- Lists keys for each queue whose jobs wait for them, as far as they have free slots by now. What is more than one call
-- may list is left to the next one.
local function look_at(keys)
  local listed, opened, left = {}, {}, {}
  for _, key in ipairs(keys) do
    if is_free(key) then
      if listings > 0 and list_for_queues(key, listed) then
        opened[#opened + 1] = key
      else
        append_pair(left, present, key)
      end
    elseif redis.call('EXISTS', P .. 'u:' .. key) == 1 then
      note_opening(key)
    end
  end
  could_many('ZREM', P .. 'opens', opened)
  could_many('ZADD', P .. 'opens', left)
  for queue, values in pairs(listed) do
    if #values > 0 and could_many('ZADD', P .. 'o:' .. queue, values) then mark(queue) end
  end
end

local held_keys = {} -- lists of keys of slots by their texts

-- Notes that a job left its worker, whose slots were given under these keys. A start stays counted.
local function free_slots(text)
  local keys = held_keys[text]
  if not keys then
    keys = {}
    for key in string.gmatch(text, ' (c%S+)') do keys[#keys + 1] = key end
    held_keys[text] = keys
  end
  for i = 1, #keys do
    local key = keys[i]
    freed[key] = (freed[key] or 0) + 1
  end
end

-- Adds to a list those of the keys of a limit for which jobs wait.
local function add_awaited(list, id, keys)
  if redis.call('EXISTS', P .. 'g:' .. id) == 0 then return end
  for first = 1, #keys, 2000 do
    local noted = redis.pcall('ZMSCORE', P .. 'g:' .. id, unpack(keys, first, math.min(first + 1999, #keys)))
    for i, version in ipairs(noted) do
      if version then list[#list + 1] = keys[first + i - 1] end
    end
  end
end

-- Gives what was freed in this call to the jobs that wait for it. `write_slots` comes later, as what is freed is often
-- taken again.
local function give_freed()
  local keys, of_limits, wanted = {}, {}, {}
  for key in pairs(freed) do keys[#keys + 1] = key end
  read_counts(keys)
  for key, number in pairs(freed) do
    local id = id_of(key)
    set_count(key, counts[key] - number)
    local of_limit = of_limits[id] or {}
    of_limits[id] = of_limit
    of_limit[#of_limit + 1] = key
  end
  freed = {}
  for id, of_limit in pairs(of_limits) do add_awaited(wanted, id, of_limit) end
  look_at(wanted)
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
  could('ZREM', P .. 'u:' .. key, queue)
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
    could_many('ZADD', P .. waiters_of(key, queue), jobs)
    unlist(key, queue, 'CH')
    for _, value in ipairs(jobs) do all[#all + 1] = value end
    local id = id_of(key)
    noted[id], counted[id] = noted[id] or {}, (counted[id] or 0) + #jobs / 2
    append_pair(noted[id], number_of(id).version, key)
    note_opening(key)
  end
  could_many('ZADD', P .. 'y:' .. queue, all)
  for id, keys in pairs(noted) do
    could_many('ZADD', P .. 'g:' .. id, keys)
    count_waiting(id, counted[id])
  end
end

-- Looks at keys of a limit that has changed, a portion at a time, and returns whether there are more.
local function review(id)
  local number, noted = number_of(id), {}
  local keys = number and redis.pcall('ZRANGEBYSCORE', P .. 'g:' .. id, '-inf', '(' .. number.version, 'LIMIT', 0, MOVED_PER_CALL)
    or {}
  for _, key in ipairs(keys) do
    append_pair(noted, number.version, key)
  end
  could_many('ZADD', P .. 'g:' .. id, noted)
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

-- Returns when a call has something to look at next: now if a change has more keys, the end of time if nothing.
local function next_opening()
  if redis.call('EXISTS', P .. 'reviews') == 1 then return now end
  return tonumber(redis.call('ZRANGE', P .. 'opens', 0, 0, 'WITHSCORES')[2] or math.huge)
end

-- Makes sure of all keys that belong to limits as a whole.
local function expect_limits()
  expect('HLEN', 'limits')
  expect('ZCARD', 'opens')
  expect('ZCARD', 'closed')
  expect('SCARD', 'reviews')
end
