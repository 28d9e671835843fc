-- The jobs that wait for slots. Nothing is woken by an event that could be missed: a key for which jobs wait and
-- that has a free slot is in o:<queue> of each of their queues, and a claim takes the first of these jobs from there.
-- Parts: slots, fields, many, places.
-- Entered by: enter_limits.

local present = text_of(now) -- Redis takes longer to write a number than to take a text
local freed = {} -- keys whose slots jobs hold no longer

local function waiters_of(key, queue)
  return 'x:' .. key.text .. ':' .. queue
end

local function append_pair(list, score, member)
  local n = #list
  list[n + 1], list[n + 2] = score, member
end

-- Notes when time gives a key a slot for the jobs that wait for it.
local function note_opening(key)
  local at = opens_at(key)
  if at then could('ZADD', P .. 'opens', at, key.text) end
end

local listings = LISTED_PER_CALL -- for how many queues this call may still list keys

-- Lists a free key for queues whose jobs wait for it, those first that have not been listed for the longest time.
-- Returns whether it is listed for all of them.
local function list_for_queues(key, listed)
  local room, noted = listings, {}
  local queues = redis.pcall('ZRANGEBYSCORE', P .. 'u:' .. key.text, '-inf', '(inf', 'LIMIT', '0', room)
  for _, queue in ipairs(queues) do
    local first = redis.pcall('ZRANGE', P .. waiters_of(key, queue), '0', '0', 'WITHSCORES')
    listed[queue] = listed[queue] or {}
    if first[2] then append_pair(listed[queue], first[2], key.text) end
    append_pair(noted, 'inf', queue)
  end
  if #noted > 0 then redis.call('ZADD', P .. 'u:' .. key.text, unpack(noted)) end
  listings = room - #queues
  return #queues < room
end

-- Notes that jobs of a queue wait for a key that is not listed for it, or is not in the right place.
local function unlist(key, queue, how)
  could('ZADD', P .. 'u:' .. key.text, how, 'LT', present, queue)
end

-- Lists keys for each queue whose jobs wait for them, as far as they have free slots by now. What is more than one call
-- may list is left to the next one.
local function look_at(keys)
  local listed, opened, left = {}, {}, {}
  for _, key in ipairs(keys) do
    if is_free(key) then
      if listings > 0 and list_for_queues(key, listed) then
        opened[#opened + 1] = key.text
      else
        append_pair(left, present, key.text)
      end
    elseif redis.call('EXISTS', P .. 'u:' .. key.text) == 1 then
      note_opening(key)
    end
  end
  could_many('ZREM', P .. 'opens', opened)
  could_many('ZADD', P .. 'opens', left)
  for queue, values in pairs(listed) do
    if #values > 0 and could_many('ZADD', P .. 'o:' .. queue, values) then mark(queue) end
  end
end

local held_keys = {} -- keys of slots by what claims say of them

-- Notes that a job left its worker, whose slots were given under these keys. A start stays counted.
local function free_slots(text)
  local keys = held_keys[text]
  if not keys then
    keys = {}
    for one in string.gmatch(text, ' (c%S+)') do keys[#keys + 1] = key_of(one) end
    held_keys[text] = keys
  end
  for n = 1, #keys do
    local key = keys[n]
    if key.freed == 0 then freed[#freed + 1] = key end
    key.freed = key.freed + 1
  end
end

-- Returns those of the keys of a limit for which jobs wait.
local function awaited_of(limit, keys)
  local awaited = {}
  if redis.call('EXISTS', P .. 'g:' .. limit.id) == 0 then return awaited end
  for first = 1, #keys, 2000 do
    local texts, last = {}, math.min(first + 1999, #keys)
    for n = first, last do texts[n - first + 1] = keys[n].text end
    local noted = redis.pcall('ZMSCORE', P .. 'g:' .. limit.id, unpack(texts))
    for n, version in ipairs(noted) do
      if version then awaited[#awaited + 1] = keys[first + n - 1] end
    end
  end
  return awaited
end

-- Gives what was freed in this call to the jobs that wait for it. `write_slots` comes later, as what is freed is often
-- taken again.
local function give_freed()
  local of_limits = {}
  read_counts(freed)
  for _, key in ipairs(freed) do
    set_count(key, key.count - key.freed)
    key.freed = 0
    local of_limit = of_limits[key.limit] or {}
    of_limits[key.limit] = of_limit
    of_limit[#of_limit + 1] = key
  end
  freed = {}
  for limit, keys in pairs(of_limits) do look_at(awaited_of(limit, keys)) end
end

-- Counts jobs that wait for a limit from now on, or with a negative number no longer. The count is for people alone, so one
-- that was damaged stops nobody.
local function count_waiting(limit, number)
  redis.pcall('HINCRBY', P .. 'waits', limit.id, number)
end

-- Forgets of a key that jobs of a queue wait for it, if none does any more.
local function tidy_key(queue, key)
  if redis.call('EXISTS', P .. waiters_of(key, queue)) == 1 then return end
  could('ZREM', P .. 'o:' .. queue, key.text)
  could('ZREM', P .. 'u:' .. key.text, queue)
  if redis.call('EXISTS', P .. 'u:' .. key.text) == 1 then return end
  could('ZREM', P .. 'g:' .. key.limit.id, key.text)
  could('ZREM', P .. 'opens', key.text)
  if size('ZCARD', 'g:' .. key.limit.id) == 0 then redis.pcall('HDEL', P .. 'waits', key.limit.id) end
end

-- Takes a job out of those that wait for a key.
local function leave_key(id, queue, key)
  if redis.pcall('ZREM', P .. waiters_of(key, queue), id) ~= 1 then return end
  count_waiting(key.limit, -1)
  tidy_key(queue, key)
end

-- Takes a job out of what it waits in, and returns whether it did.
local function leave_waiters(id, queue)
  if redis.pcall('ZREM', P .. 'y:' .. queue, id) ~= 1 then return false end
  for _, key in ipairs(limits_of(read(id, 'x')[1] or '')) do
    leave_key(id, queue, key)
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
    local limit = key.limit
    noted[limit], counted[limit] = noted[limit] or {}, (counted[limit] or 0) + #jobs / 2
    append_pair(noted[limit], number_of(limit).version, key.text)
    note_opening(key)
  end
  could_many('ZADD', P .. 'y:' .. queue, all)
  for limit, keys in pairs(noted) do
    could_many('ZADD', P .. 'g:' .. limit.id, keys)
    count_waiting(limit, counted[limit])
  end
end

-- Returns keys by their texts, in the same order.
local function keys_of(texts)
  local found = {}
  for n, text in ipairs(texts) do found[n] = key_of(text) end
  return found
end

-- Looks at keys of a limit that has changed, a portion at a time, and returns whether there are more.
local function review(limit)
  local number, noted = number_of(limit), {}
  local texts = number and redis.pcall('ZRANGEBYSCORE', P .. 'g:' .. limit.id, '-inf', '(' .. number.version, 'LIMIT', 0,
    MOVED_PER_CALL) or {}
  for _, text in ipairs(texts) do
    append_pair(noted, number.version, text)
  end
  could_many('ZADD', P .. 'g:' .. limit.id, noted)
  look_at(keys_of(texts))
  if #texts == MOVED_PER_CALL then return true end
  redis.call('SREM', P .. 'reviews', limit.id)
  return false
end

-- Notes other numbers of a limit, and looks at the keys for which jobs wait.
local function change_number(limit, number)
  number.version = number.version + 1
  write_number(limit, number)
  redis.call('SADD', P .. 'reviews', limit.id)
  return review(limit)
end

-- Looks at the keys to which time or a change may have given slots, a portion at a time.
local function look_at_due()
  redis.call('ZREMRANGEBYSCORE', P .. 'closed', '-inf', now)
  local due = redis.call('ZRANGEBYSCORE', P .. 'opens', '-inf', now, 'LIMIT', 0, MOVED_PER_CALL)
  if #due > 0 then redis.call('ZREM', P .. 'opens', unpack(due)) end
  look_at(keys_of(due))
  local id = redis.call('SRANDMEMBER', P .. 'reviews')
  if id then review(limit_of(id)) end
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
