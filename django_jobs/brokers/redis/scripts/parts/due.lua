-- How scheduled and retrying jobs are queued when they are due.
-- Parts: request, shapes, fields, many, places, locks.

-- Returns when the first of them is due: the end of time if there is none.
local function first_due()
  local nearest = math.huge
  for _, state in ipairs(DEFERRED) do
    local due_at = redis.call('ZRANGE', P .. 's:' .. state, 0, 0, 'WITHSCORES')[2]
    nearest = math.min(nearest, tonumber(due_at or math.huge))
  end
  return nearest
end

local next_due -- what `first_due` would return now; set before anything is settled

local function ms_until(time)
  return time >= NO_DUE_TIME and -1 or math.max(0, time - now)
end

-- Returns what is due, scheduled and retrying together, by due time: id, time and index of each.
local function find_due()
  local due = {}
  for _, state in ipairs(DEFERRED) do
    local index = P .. 's:' .. state
    local found = redis.call('ZRANGEBYSCORE', index, '-inf', now, 'WITHSCORES', 'LIMIT', 0, DUE_PER_CALL)
    for i = 1, #found, 2 do
      due[#due + 1] = { found[i], tonumber(found[i + 1]), index }
    end
  end
  table.sort(due, function(one, other)
    if one[2] == other[2] then return one[1] < other[1] end
    return one[2] < other[2]
  end)
  return due
end

-- Adds a job to those that come to a queue together: its neighbours there of the same priority, if all have turns or none has.
local function gather(groups, of_queues, id, arrival, queue, priority, turn)
  local group = of_queues[queue]
  if not group or group.priority ~= priority or group.has_turns ~= (turn ~= '') then
    group = { ids = {}, arrivals = {}, queue = queue, priority = priority, turns = {}, has_turns = turn ~= '' }
    of_queues[queue], groups[#groups + 1] = group, group
  end
  table.insert(group.ids, id)
  table.insert(group.arrivals, arrival)
  table.insert(group.turns, turn)
end

-- Queues the jobs that are due: they arrive in the order of their times, whatever their queues. Places come first: giving
-- them out fails, with nothing written, if the last arrival is no number.
local function queue_due()
  local groups, of_queues, due_ids, records = {}, {}, {}, {} -- the last group of each queue; ids by index; id and time of each
  local due = find_due()
  local before = redis.call('INCRBY', P .. 'seq', #due) - #due
  for n, job in ipairs(due) do
    local id, due_at, index = unpack(job)
    local queue, enqueued_with, turn = unpack(read(id, 'q', 'e', 'y'), 1, 3)
    if queue then
      gather(groups, of_queues, id, before + n, queue, terms(enqueued_with or '') or 0, turn or '')
      records[#records + 1] = { id, math.max(0, due_at) }
    end
    due_ids[index] = due_ids[index] or {}
    table.insert(due_ids[index], id)
  end
  for _, group in ipairs(groups) do
    enqueue_all(group.ids, group.queue, group.priority, group.has_turns and group.turns or nil, group.arrivals)
    mark(group.queue)
  end
  for _, one in ipairs(records) do redis.call('HSET', P .. 'j:' .. one[1], 's', 'queued', 'u', one[2]) end
  for index, ids in pairs(due_ids) do with_many('ZREM', index, ids) end
end

local function promote()
  if was_begun then next_due = first_due() end
  if next_due > now then return end
  queue_due()
  next_due = first_due()
end
