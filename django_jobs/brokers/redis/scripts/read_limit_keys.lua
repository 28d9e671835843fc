-- Describes keys of limits.
--
-- Parts: expect, waiters.
-- KEYS[1]: prefix. ARGV: how many jobs to name at most, keys. Returns for each how many slots are used, ids of jobs that
--   hold one, how many wait, ids of the first of these, when time gives it a slot or '', and until when it is closed.
local most = tonumber(ARGV[1])

-- Returns how many of the starts of a key, of which the latest come last, are in the present period.
local function starts_of(key, per)
  local name, low, high = P .. 'r:' .. key, 0, size('LLEN', 'r:' .. key) or 0
  local number = high
  while low < high do
    local middle = math.floor((low + high) / 2)
    if (tonumber(redis.call('LINDEX', name, middle)) or 0) + per > now then high = middle else low = middle + 1 end
  end
  return number - low
end

-- Returns how many jobs wait for a key, and the first of them.
local function waiters_for(key)
  local waiting, first, queues = 0, {}, redis.call('ZRANGE', P .. 'u:' .. key.text, 0, -1)
  table.sort(queues)
  for _, queue in ipairs(queues) do
    waiting = waiting + redis.call('ZCARD', P .. waiters_of(key, queue))
    if #first < most then
      for _, id in ipairs(redis.call('ZRANGE', P .. waiters_of(key, queue), 0, most - #first - 1)) do first[#first + 1] = id end
    end
  end
  return waiting, first
end

local MOST_CLAIMS = 3000 -- that are looked at, as a call must not hold up the server

-- Notes which jobs of a worker hold slots of the keys that were asked for, by key; returns how many claims it has.
local function note_holders(found, worker)
  local claims = redis.call('HGETALL', P .. 'f:' .. worker)
  for n = 1, #claims, 2 do
    for_each_slot(claims[n + 1], function(key)
      if found[key] and #found[key] < most then table.insert(found[key], claims[n]) end
    end)
  end
  return #claims / 2
end

-- Returns ids of some jobs that hold slots of the keys that were asked for, by key. Only claims tell.
local function holders()
  local found, seen = {}, 0
  for i = 2, #ARGV do found[ARGV[i]] = {} end
  for _, worker in ipairs(redis.call('ZRANGE', P .. 'leases', 0, -1)) do
    if seen + redis.call('HLEN', P .. 'f:' .. worker) <= MOST_CLAIMS then seen = seen + note_holders(found, worker) end
  end
  return found
end

local reply, held_by = {}, holders()
for i = 2, #ARGV do
  local key = key_of(ARGV[i])
  local number, at, waiting, first = number_of(key.limit), opens_at(key), waiters_for(key)
  local is_rate = number and number.per > 0
  reply[i - 1] = {
    is_rate and starts_of(key.text, number.per) or count_of(key) or 0, held_by[key.text],
    waiting, first, at and at > now and text_of(at) or '', text_of(closed_until(key)),
  }
end
return reply
