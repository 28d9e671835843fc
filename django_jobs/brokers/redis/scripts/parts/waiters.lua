-- The jobs that wait for slots. Nothing is woken by an event that could be missed: a key for which jobs wait and
-- that has a free slot is in o:<queue> of each of their queues, and a claim takes the first of these jobs from there.
-- Parts: slots, fields, many, places.
-- Entered by: enter_limits.

local present = text_of(now) -- Redis takes longer to write a number than to take a text
local freed_keys = {} -- keys of which jobs have held slots, and hold them no longer: `freed` of each says how many

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
local newly_listed = {} -- keys that it has listed; `listed` of each says for which queues, or since when no longer

-- Lists a free key for queues whose jobs wait for it, those first that have not been listed for the longest time.
-- Returns whether it is listed for all of them.
local function list_for_queues(key, by_queue)
  local room, number = listings, 0
  local queues = redis.pcall('ZRANGE', P .. 'u:' .. key.text, '0', room - 1, 'WITHSCORES')
  if not key.listed then newly_listed[#newly_listed + 1] = key end
  key.listed, key.is_of_one_queue = key.listed or {}, #queues == 2
  for n = 1, #queues, 2 do
    local queue = queues[n]
    if queues[n + 1] == 'inf' then break end
    local first = redis.pcall('ZRANGE', P .. waiters_of(key, queue), '0', '0', 'WITHSCORES')
    by_queue[queue] = by_queue[queue] or {}
    if first[2] then append_pair(by_queue[queue], first[2], key.text) end
    key.listed[queue] = 'inf'
    number = number + 1
  end
  listings = room - number
  return number < room
end

-- Notes that a key is not listed any more for a queue whose jobs wait for it. If no other queue has such jobs, it need not be
-- known since when.
local function unlist(key, queue)
  if key.listed and key.listed[queue] then
    key.listed[queue] = not key.is_of_one_queue and present or nil
  else
    could('ZADD', P .. 'u:' .. key.text, 'XX', 'LT', present, queue)
  end
  note_opening(key)
end

-- Notes that jobs of a queue have come to wait for a key, which is not listed in the right place then.
local function note_waiters(key, queue)
  if key.listed then key.listed[queue] = nil end
  could('ZADD', P .. 'u:' .. key.text, 'LT', present, queue)
end

-- Writes for which queues this call has listed keys. What it has listed is often claimed by the same call.
local function write_listings()
  for _, key in ipairs(newly_listed) do
    local noted = {}
    for queue, since in pairs(key.listed) do append_pair(noted, since, queue) end
    could_many('ZADD', P .. 'u:' .. key.text, noted)
    key.listed = nil
  end
  newly_listed = {}
end

-- Notes when time gives slots to the keys for which jobs wait, of those of which jobs have taken the last ones.
local function note_closed()
  local keys, queues = {}, {}
  for _, key in ipairs(keys_with_starts) do
    if not is_free(key) then keys[#keys + 1], queues[#keys + 1] = key, P .. 'u:' .. key.text end
  end
  if #keys == 0 or redis.call('EXISTS', unpack(queues)) == 0 then return end
  for n, key in ipairs(keys) do
    if redis.call('EXISTS', queues[n]) == 1 then note_opening(key) end
  end
end

-- Writes what the call has done with slots.
local function write_limits()
  note_closed()
  write_slots()
  write_listings()
end

-- Lists keys for each queue whose jobs wait for them, as far as they have free slots by now. What is more than one call
-- may list is left to the next one.
local function look_at(keys)
  local by_queue, opened, left = {}, {}, {}
  for _, key in ipairs(keys) do
    if is_free(key) then
      if listings > 0 and list_for_queues(key, by_queue) then
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
  for queue, values in pairs(by_queue) do
    if #values > 0 and could_many('ZADD', P .. 'o:' .. queue, values) then mark(queue) end
  end
end

-- Notes that a job left its worker, which had a slot of each of these limits. A start stays counted.
local function free_slots(text)
  local found = parsed[text] or limits_of(text)
  for n = 1, #found do
    local key = found[n]
    if found.terms[n].per == 0 then
      if key.freed == 0 then freed_keys[#freed_keys + 1] = key end
      key.freed = key.freed + 1
    end
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

-- Gives what was freed in this call to the jobs that wait for it. `write_limits` comes later, as what is freed is often
-- taken again.
local function give_freed()
  local limits = {}
  read_counts(freed_keys)
  for n = 1, #freed_keys do
    local key = freed_keys[n]
    key.count = math.max(0, key.count - key.freed)
    key.freed = 0
    limits[key.limit] = true
  end
  freed_keys = {}
  for limit in pairs(limits) do look_at(awaited_of(limit, limit.counted)) end
end

-- Counts jobs that wait for a limit from now on, or with a negative number no longer. The count is for people alone, so one
-- that was damaged stops nobody.
local function count_waiting(limit, number)
  redis.pcall('HINCRBY', P .. 'waits', limit.id, number)
end

-- Forgets keys for which no jobs of a queue wait any more.
local function forget_keys(queue, keys)
  local all, of_limits = {}, {} -- texts of all keys, and by limit of those for which nobody waits
  for n, key in ipairs(keys) do
    all[n] = key.text
    if key.listed then key.listed[queue] = nil end
    could('ZREM', P .. 'u:' .. key.text, queue)
    if redis.call('EXISTS', P .. 'u:' .. key.text) == 0 then
      of_limits[key.limit] = of_limits[key.limit] or {}
      table.insert(of_limits[key.limit], key.text)
    end
  end
  could_many('ZREM', P .. 'o:' .. queue, all)
  for limit, texts in pairs(of_limits) do
    could_many('ZREM', P .. 'g:' .. limit.id, texts)
    could_many('ZREM', P .. 'opens', texts)
    if size('ZCARD', 'g:' .. limit.id) == 0 then redis.pcall('HDEL', P .. 'waits', limit.id) end
  end
end

-- Takes a job out of those that wait for a key.
local function leave_key(id, queue, key)
  if redis.pcall('ZREM', P .. waiters_of(key, queue), id) ~= 1 then return end
  count_waiting(key.limit, -1)
  if redis.call('EXISTS', P .. waiters_of(key, queue)) == 0 then forget_keys(queue, { key }) end
end

-- Takes a job out of what it waits in, and returns whether it did.
local function leave_waiters(id, queue)
  if redis.pcall('ZREM', P .. 'y:' .. queue, id) ~= 1 then return false end
  for _, key in ipairs(limits_of(read(id, 'x')[1] or '')) do
    leave_key(id, queue, key)
  end
  return true
end

-- Lets jobs of a queue wait: of all of them, and by key, the places, each before its id. If a key is of another type they are
-- in no index until the doctor has repaired both.
local function let_all_wait(queue, all, by_key)
  local noted, counted = {}, {}
  for key, jobs in pairs(by_key) do
    could_many('ZADD', P .. waiters_of(key, queue), jobs)
    note_waiters(key, queue)
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
    LOOKED_AT_PER_CALL) or {}
  for _, text in ipairs(texts) do
    append_pair(noted, number.version, text)
  end
  could_many('ZADD', P .. 'g:' .. limit.id, noted)
  look_at(keys_of(texts))
  if #texts == LOOKED_AT_PER_CALL then return true end
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
  local due = redis.call('ZRANGEBYSCORE', P .. 'opens', '-inf', now, 'LIMIT', 0, LOOKED_AT_PER_CALL)
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
