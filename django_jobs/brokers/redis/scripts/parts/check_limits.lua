-- What can be wrong with the slots of limits, and with the jobs that wait for them.
-- Parts: findings, fields, waiters, flight.

-- Returns a repair that takes a member out of a collection.
local function taking(command, name, member)
  return function() redis.call(command, P .. name, member) end
end

local function has_limit(job, key)
  for _, one in ipairs(limits_of(job.x or '')) do
    if one == key then return true end
  end
  return false
end

-- Takes the name of a set of waiters apart: the key and the queue.
local function key_and_queue(name)
  local text, queue = string.match(name, '^x:([^:]+:[^:]*):(.+)$')
  return text and key_of(text), queue
end

-- Tells whether a job that waits is found by its key.
local function awaits_key(id, job)
  for _, key in ipairs(limits_of(job.x or '')) do
    if peek('ZSCORE', waiters_of(key, job.q), id) then return true end
  end
  return false
end

local function check_waiter(name, id)
  local key, queue = key_and_queue(name)
  local job = read_all(id)
  local is_right = key and job.s == 'queued' and job.q == queue and has_limit(job, key) and peek('ZSCORE', 'y:' .. queue, id)
  if peek('ZSCORE', name, id) and not is_right then
    report('misplaced_job', name, id, key and function() leave_key(id, queue, key) end or taking('ZREM', name, id))
  end
end

local held_slots -- by key: how many slots the claims of all workers hold

local function slots_held(key)
  if not held_slots then
    held_slots = {}
    for _, worker in ipairs(peek('ZRANGE', 'leases', 0, -1) or {}) do
      for _, value in ipairs(peek('HVALS', 'f:' .. worker) or {}) do
        for_each_slot(value, function(key) held_slots[key] = (held_slots[key] or 0) + 1 end)
      end
    end
  end
  return held_slots[key.text] or 0
end

-- Compares how many slots of a key are said to be taken with the claims.
local function compare_count(key)
  local more = count_of(key) - slots_held(key)
  if more == 0 then return end
  report(more > 0 and 'stray_slot' or 'missing_slot', key.text, text_of(math.abs(more)), function()
    held_slots = nil
    key.count = slots_held(key)
    look_at({ key })
    write_limits()
  end)
end

local function check_count(name, value)
  local count = peek('HGET', name, value)
  if not count then return end
  local number = string.match(count, '^(%d+) *$') -- `write_counts` adds the spaces
  if number and is_amount(number, 9) and tonumber(number) > 0 then
    compare_count(key_of(string.sub(name, 3) .. ':' .. value))
  else
    report('unreadable_value', name, value, taking('HDEL', name, value))
  end
end

-- Looks at the slots of a job that a worker holds.
local function check_slots(value)
  for _, key in ipairs(limits_of(select(7, held(value)) or '')) do
    if count_of(key) < slots_held(key) then compare_count(key) end
  end
end

local function check_waiting_queue(name, queue)
  if peek('ZSCORE', name, queue) and not exists(waiters_of(key_of(string.sub(name, 3)), queue)) then
    report('stray_key', name, 'a queue with jobs that wait', taking('ZREM', name, queue))
  end
end

local function check_open_key(name, key)
  if peek('ZSCORE', name, key) and not exists(waiters_of(key_of(key), string.sub(name, 3))) then
    report('stray_key', name, 'jobs that wait for ' .. key, taking('ZREM', name, key))
  end
end

local function check_awaited_key(name, key)
  if peek('ZSCORE', name, key) and not exists('u:' .. key) then
    report('stray_key', name, 'jobs that wait for ' .. key, taking('ZREM', name, key))
  end
end

local function check_changed_limit(name, id)
  if peek('SISMEMBER', name, id) == 1 and not number_of(limit_of(id)) then
    report('stray_key', name, 'the limit ' .. id, taking('SREM', name, id))
  end
end

-- Notes the number of a limit that was lost, as the first job says that waits for it.
local function restore_number(key, queue)
  local id = (peek('ZRANGE', waiters_of(key, queue), 0, 0) or {})[1]
  local found = limits_of(id and read(id, 'x')[1] or '')
  for n, one in ipairs(found) do
    if one == key then
      local said = found.terms[n]
      write_number(key.limit, {
        n = said.n, per = said.per, declared_at = said.declared_at, own = '', paused = '0', version = 0,
      })
    end
  end
end

-- Looks for jobs that nothing would start although their key has a free slot.
local function check_waiters(name)
  local key, queue = key_and_queue(name)
  if not key then
    report('unreadable_value', name, 'no key', function() redis.call('UNLINK', P .. name) end)
    return
  end
  local is_known = peek('ZSCORE', 'u:' .. key.text, queue) and peek('ZSCORE', 'g:' .. key.limit.id, key.text)
  local is_listed = peek('ZSCORE', 'o:' .. queue, key.text) or peek('ZSCORE', 'opens', key.text)
    or peek('SISMEMBER', 'reviews', key.limit.id) == 1
  local number = number_of(key.limit)
  if number and is_known and (is_listed or not is_free(key)) then return end
  report('closed_key', key.text, queue, function()
    if not number then restore_number(key, queue) end
    redis.call('ZADD', P .. 'u:' .. key.text, now, queue)
    redis.call('ZADD', P .. 'g:' .. key.limit.id, 0, key.text)
    look_at({ key })
    write_limits()
  end)
end
