-- How jobs wait for a worker that knows them: their task, their models, or the format of their record.
-- Parts: expect, request, fields, shapes, due, ends.

-- Returns since when a job has been waiting so: since now, if an attempt has counted after that.
local function postponed_since(value, attempts)
  local counted, since = string.match(value or '', '^(%d+):(%d+):')
  return counted == attempts and is_instant(since) and math.min(now, tonumber(since)) or now
end

-- Remembers that jobs of a task were postponed.
local function note_postponed(task)
  if not could('ZADD', P .. 'postponed', NOW, task) then return end
  redis.call('ZREMRANGEBYSCORE', P .. 'postponed', '-inf', now - POSTPONED_SEEN_MS)
  redis.call('ZREMRANGEBYRANK', P .. 'postponed', 0, -POSTPONED_TASKS - 1)
end

-- Makes a job that nobody holds wait for another worker, for as long again as it has been waiting. So no worker
-- claims it in a loop, and one that knows it gets it soon after a deploy. After POSTPONED_MS it is dead.
local function postpone(id, failure)
  local task, attempts, before = unpack(read(id, 't', 'k', 'p'), 1, 3)
  attempts = attempts or '0'
  local since = postponed_since(before, attempts)
  local age = now - since
  if age >= POSTPONED_MS then
    end_as_dead(id, failure)
    dead[#dead + 1] = id
    return
  end
  local due_at = now + math.max(SHORTEST_PAUSE_MS, math.min(LONGEST_PAUSE_MS, age))
  redis.call('HSET', P .. 'j:' .. id, 's', 'scheduled', 'p', attempts .. ':' .. text(since) .. ':' .. failure)
  redis.call('ZADD', P .. 's:scheduled', due_at, id)
  next_due = math.min(next_due, due_at)
  note_postponed(task or '')
end
