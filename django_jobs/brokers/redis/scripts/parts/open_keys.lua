-- The first jobs of queues that wait and could start: keys with free slots, in the order of their first jobs. A call reads them in
-- portions from o:<queue>, and writes at its end which of them are listed no longer.
-- Parts: request, many, waiters.
-- Entered by: enter_limits.

local heads = {} -- by queue: the first job that waits and could start, or false
local has_heads = false -- whether the call has found any
local open_of = {} -- by queue: a portion of its keys; `first` is where those begin that are still listed
local unlisted = {} -- by queue: texts of keys that are listed no longer

local function read_open(queue)
  local portion, keys = { first = 1 }, {}
  local listed = redis.pcall('ZRANGE', P .. 'o:' .. queue, '0', LISTED_PER_CALL - 1, 'WITHSCORES')
  for n = 1, #listed, 2 do
    local key = key_of(listed[n])
    portion[(n + 1) / 2] = { key = key, at = tonumber(listed[n + 1]), has_waiters = false, is_moved = false }
    local number = number_of(key.limit)
    if number and number.per == 0 then keys[#keys + 1] = key end
  end
  read_counts(keys)
  portion.has_more = #portion == LISTED_PER_CALL
  open_of[queue] = portion
  return portion
end

-- Writes which keys are listed no longer, or at another place.
local function write_open()
  for queue, texts in pairs(unlisted) do could_many('ZREM', P .. 'o:' .. queue, texts) end
  for queue, portion in pairs(open_of) do
    local places = {}
    for n = portion.first, #portion do
      if portion[n].is_moved then
        places[#places + 1] = portion[n].at
        places[#places + 1] = portion[n].key.text
        portion[n].is_moved = false
      end
    end
    could_many('ZADD', P .. 'o:' .. queue, places)
  end
  unlisted = {}
end

-- Forgets what was read, as it is outdated.
local function forget_open()
  write_open()
  open_of, heads = {}, {}
end

-- Returns the key that is listed first for a queue, or nil.
local function first_open(queue)
  local portion = open_of[queue] or read_open(queue)
  if not portion[portion.first] and portion.has_more then
    write_open()
    portion = read_open(queue)
  end
  return portion[portion.first]
end

-- Lists the first key no longer.
local function drop_open(queue)
  local portion = open_of[queue]
  unlisted[queue] = unlisted[queue] or {}
  table.insert(unlisted[queue], portion[portion.first].key.text)
  portion.first = portion.first + 1
end

-- Tells whether a key at a place comes before another one that is listed. Those at the same place come in the order of Redis.
local function comes_before(key, at, other)
  return at < other.at or at == other.at and key.text < other.key.text
end

-- Tells whether no other key comes before the first one, if that is at a place.
local function is_in_place(queue, entry, at)
  local portion = open_of[queue]
  local following = portion[portion.first + 1]
  if at <= entry.at then return true end
  return following and comes_before(entry.key, at, following) or not following and not portion.has_more
end

-- Lists the first key at a later place.
local function move_open(queue, entry, at)
  local portion = open_of[queue]
  local n = portion.first
  while portion[n + 1] and not comes_before(entry.key, at, portion[n + 1]) do
    portion[n] = portion[n + 1]
    n = n + 1
  end
  portion[n] = entry
  entry.at, entry.is_moved = at, true
  if n == #portion and portion.has_more then
    write_open()
    open_of[queue] = nil
  end
end

-- Finds the first job of a queue that waits and could start, in the key that is listed first. Its place may be behind the one
-- for which the key is listed.
local function find_head(queue)
  while moves < MOVED_PER_CALL do
    local entry = first_open(queue)
    if not entry then return false end
    local key = entry.key
    local has_slot, has_waiters, first = is_free(key), entry.has_waiters, {}
    if has_slot or not has_waiters then
      first = redis.pcall('ZRANGE', P .. waiters_of(key, queue), '0', '1', 'WITHSCORES')
      has_waiters = first[2] ~= nil
      entry.has_waiters = has_waiters
    end
    local id, score = first[1], first[2]
    if has_slot and score and is_in_place(queue, entry, tonumber(score)) then
      return { id = id, key = key, score = score, at = tonumber(score), is_last = not first[3] }
    elseif has_slot and score then
      move_open(queue, entry, tonumber(score))
    else
      drop_open(queue)
      if has_waiters then unlist(key, queue) end
    end
    moves = moves + 1
  end
  return false
end

-- Returns the first job of a queue that waits and could start, or false.
local function open_head(queue)
  if heads[queue] == nil then
    heads[queue] = find_head(queue)
    has_heads = has_heads or heads[queue] ~= false
  end
  return heads[queue]
end

-- Looks again for those that could start in all queues, as a job has taken slots of its limits: perhaps the last ones.
local function forget_heads(limits)
  if not has_heads then return end
  for queue, head in pairs(heads) do
    for n = 1, #limits do
      if head and limits[n] == head.key and not is_free(head.key) then heads[queue] = nil end
    end
  end
end

-- Returns it, as it waits no longer.
local function take_head(queue)
  local head = open_head(queue)
  heads[queue] = nil
  if head.is_last then drop_open(queue) end
  return head
end

-- Tells whether a queue may have more of them, also beyond where this call may look.
local function may_have_open(queue)
  return open_head(queue) or moves >= MOVED_PER_CALL and (size('ZCARD', 'o:' .. queue) or 0) > 0
end
