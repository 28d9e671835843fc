-- How attempts are settled.
-- Parts: request, due, many, places, ends, flight, postponing, reached_limits, member_notes.

-- Jobs that end in this call, by state: times and ids, as ZADD takes them.
local ended, expiries = {}, {}

local over_at = {} -- by how long a job is kept: when it is forgotten
local function end_as(state, id, kept_ms, batch)
  local is_node = batch ~= '' and is_workflow(batch)
  if kept_ms == 0 and not is_node then
    forget({ id })
    return
  end
  ended[state], expiries[state] = ended[state] or {}, expiries[state] or {}
  append(ended[state], NOW, id)
  if is_node then return end
  over_at[kept_ms] = over_at[kept_ms] or string.format('%.0f', now + kept_ms)
  append(expiries[state], over_at[kept_ms], id)
end

local freed = {} -- jobs that have succeeded, each followed by its lock, which it still has

local function free_freed()
  if #freed == 0 then return end
  free_locks(freed)
  freed = {}
end

-- Does to the lock of a unique job what the end of an attempt does. Returns whether it has ended the job too: a
-- failed one makes way for its successor.
local function settle_lock(i, id, lock, batch, claimed_at)
  local state = ARGV[i + 2]
  if state == 'succeeded' then
    append(freed, id, lock)
  elseif state ~= 'retrying' then
    free_lock(id, lock)
  elseif has_successor(id, lock) then
    add_failure(id, ARGV[i + 5])
    redis.pcall('HSET', P .. 'j:' .. id, 's', 'discarded', 'm', text(claimed_at + ARGV[i + 3]), 'f', NOW)
    free_lock(id, lock)
    if batch ~= '' then member_ended(id, batch, 'discarded') end
    end_as('discarded', id, KEPT_MS.discarded, batch)
    return true
  else
    lock_again(id, lock, not read(id, 'q')[1])
  end
  return false
end

-- Undoes an attempt that does not count, and returns whether it is one.
local function undo(i, id, state, score, lock, limits)
  if state == 'queued' then
    give_back(id, score, lock)
  elseif state == 'scheduled' then
    local is_there = undo_attempt(id, state)
    lock_again(id, lock, not is_there)
    if is_there then postpone(id, ARGV[i + 5]) end
  elseif string.find(state, '^limited:') then
    enter_limits()
    meet_limit(i, id, score, lock, limits)
  else
    return false
  end
  return true
end

-- Settles one attempt, given what the worker holds of its job, and returns whether it could.
local function settle(i, value)
  if not value then return false end
  local id, state = ARGV[i], ARGV[i + 2]
  local fence, _, score, claimed_at, result_ttl, lock, limits, batch = let_go(value, ARGV[i + 1])
  if not fence then return false end
  if lock ~= '' and state ~= 'succeeded' then free_freed() end -- it may be the same lock
  if state ~= 'succeeded' and undo(i, id, state, score, lock, limits) then return true end
  local job = P .. 'j:' .. id
  local started = text(claimed_at + ARGV[i + 3])
  if lock ~= '' and settle_lock(i, id, lock, batch, claimed_at) then return true end
  if state == 'retrying' then
    add_failure(id, ARGV[i + 5])
    redis.pcall('HSET', job, 's', state, 'm', started)
    local due_at = now + ARGV[i + 4]
    redis.call('ZADD', P .. 's:retrying', due_at, id)
    next_due = math.min(next_due, due_at)
    return true
  end
  local finished = text(started + ARGV[i + 4])
  if state ~= 'succeeded' then
    add_failure(id, ARGV[i + 5])
    redis.pcall('HSET', job, 's', state, 'm', started, 'f', finished)
  elseif result_ttl ~= '0' or is_workflow(batch) then
    redis.pcall('HSET', job, 's', state, 'm', started, 'f', finished, 'v', ARGV[i + 5])
  end
  if batch ~= '' then member_ended(id, batch, state, ARGV[i + 5]) end
  end_as(state, id, KEPT_MS[state] or tonumber(result_ttl), batch)
  return true
end

-- Reads what the worker holds of jobs: id -> value.
local function in_flight(ids)
  local values = redis.call('HMGET', flight, unpack(ids))
  local found = {}
  for i, id in ipairs(ids) do
    found[id] = values[i]
  end
  return found
end

local function settle_portion(first, last)
  local ids, settled = {}, {}
  local suspect = redis.call('HGET', P .. 'suspects', worker)
  for i = first, last, SETTLEMENT do
    ids[#ids + 1] = ARGV[i]
  end
  local values = in_flight(ids)
  for i = first, last, SETTLEMENT do
    local id = ARGV[i]
    if settle(i, values[id]) then
      values[id] = nil -- the same job once more is refused
      settled[#settled + 1] = id
      if id == suspect then
        mark_all()
      end
    else
      refused[#refused + 1] = id
    end
  end
  with_many('HDEL', flight, settled)
  free_freed()
end

local function settle_all()
  local last = FIRST_WRITE - 1
  for i = FIRST_SETTLEMENT, last, SETTLEMENT * PORTION do
    settle_portion(i, math.min(i + SETTLEMENT * PORTION - 1, last))
  end
  for state, times in pairs(ended) do
    finish(state, times, expiries[state])
  end
end
