-- What can be wrong with a member of a collection: an entry of an index, a claim, a noted value.
-- Parts: check_jobs, check_locks, check_limits, check_waits.

local function removal_from(command, name, member)
  return function() redis.call(command, P .. name, member) end
end

-- Tells whether a score is a whole number up to which all readers are exact.
local function is_exact(score)
  local number = tonumber(score)
  return number ~= nil and math.abs(number) <= MAX_COUNT and number == math.floor(number)
end

-- Tells whether a score is a time that Python's dates know.
local function is_moment(score)
  return is_exact(score) and is_instant(string.format('%.0f', score))
end

-- Takes an entry out of an index of which the job is no member, and sees to it that it is in its own.
local function move_home(index, id, job)
  redis.call(family(index) == 'f:' and 'HDEL' or 'ZREM', P .. index, id)
  if not complaint(job) and not is_in(home(job), id) then list_again(id, job) end
end

-- Tells whether a turn of a queue is one that its queue knows of.
local function is_known_turn(index, score)
  return not is_turn(score) or exists('v:' .. string.sub(index, 3))
end

local function check_place(index, id, score, job)
  if family(index) ~= 'q:' and family(index) ~= 'y:' then
    local never, waits = tonumber(score) == NO_DUE_TIME, index == 's:scheduled' and is_successor(id, job)
    if is_moment(score) and never == waits then return end
    report('wrong_place', index, id, function()
      if never and not waits and index == 's:scheduled' then return wait_or_begin(id, job) end
      redis.call('ZADD', P .. index, waits and NO_DUE_TIME or now, id)
    end)
  elseif not (is_place(score) and is_known_turn(index, score)) then
    report('wrong_place', index, id, function()
      leave_waiters(id, job.q)
      enqueue(id, job.q, terms(job.e or '') or 0, job.y)
    end)
  elseif not is_turn(score) then
    local arrival = tonumber(score) % PRIORITY_STEP
    if arrival > (tonumber(peek('GET', 'seq') or 0) or math.huge) then
      report('wrong_count', 'seq', 'later arrivals are in ' .. index, function()
        redis.call('SET', P .. 'seq', string.format('%.0f', arrival))
      end)
    end
  end
end

-- Tells whether a job is there to be looked at. One under whose key something else is has its own finding.
local function check_exists(index, id, repair)
  local kind = redis.call('TYPE', P .. 'j:' .. id).ok
  if kind == 'none' then report('missing_job', index, id, repair) end
  return kind == 'hash'
end

local function check_listed(index, id)
  local score = peek('ZSCORE', index, id)
  if not score or not check_exists(index, id, removal_from('ZREM', index, id)) then return end
  local job = read_job(id)
  if home(job) ~= index then
    report('misplaced_job', index, id, function() move_home(index, id, job) end)
  elseif family(index) == 'y:' and job.E then
    return -- its place is behind all others, and it waits for no key
  elseif family(index) == 'y:' and not awaits_key(id, job) then
    report('wrong_place', index, id, function()
      leave_waiters(id, job.q)
      place(id, job.q, score)
      mark(job.q)
    end)
  else
    check_place(index, id, score, job)
  end
end

local function check_expiry_of_job(index, id)
  local score = peek('ZSCORE', index, id)
  if not score or not check_exists(index, id, removal_from('ZREM', index, id)) then return end
  local job = read_all(id)
  if not is_one_of(job.s, ENDED) then
    report('misplaced_job', index, id, removal_from('ZREM', index, id))
  elseif not is_moment(score) then
    report('wrong_place', index, id, function() redis.call('ZADD', P .. index, now + kept_ms(job), id) end)
  end
end

local function check_claim(index, id)
  local value = peek('HGET', index, id)
  if not value then return end
  if not check_exists(index, id, removal_from('HDEL', index, id)) then return end
  local job = read_job(id)
  check_slots(value)
  if is_held(id, job) and not is_in(home(job), id) then return end -- the job has a finding of its own
  if home(job) ~= index or not is_held(id, job) then
    local trouble = held(value) and 'stray_claim' or 'unreadable_claim'
    report(trouble, string.sub(index, 3), id, function() move_home(index, id, job) end)
  end
end

-- Returns a check that members of a sorted set have scores that can be.
local function scored(is_good)
  return function(name, member)
    local score = peek('ZSCORE', name, member)
    if score and not is_good(score) then
      report('unreadable_value', name, member, removal_from('ZREM', name, member))
    end
  end
end

-- Returns a check that fields of a hash hold values that can be.
local function valued(is_good)
  return function(name, field)
    local value = peek('HGET', name, field)
    if value and not is_good(value) then
      report('unreadable_value', name, field, removal_from('HDEL', name, field))
    end
  end
end

-- Returns a check that members belong to workers that are there.
local function of_worker(command, removal)
  return function(name, worker)
    if (peek(command, name, worker) or 0) ~= 0 and not is_leased(worker) then
      report('stray_key', name, 'the worker ' .. worker, removal_from(removal, name, worker))
    end
  end
end

local function check_lease(name, worker)
  local score = peek('ZSCORE', name, worker)
  if score and not (is_moment(score) and tonumber(score) <= now + LONGEST_LEASE_MS) then
    report('unreadable_value', name, worker, function()
      redis.call('ZADD', P .. name, now + LEASE_MS, worker)
    end)
  end
end

local function check_tick(name, task)
  local tick = peek('HGET', name, task)
  if not tick then return end
  if not is_instant(tick) then
    report('unreadable_value', name, task, removal_from('HDEL', name, task))
  elseif tonumber(tick) > now + TICK_AHEAD_MS then
    report('future_tick', task, '', removal_from('HDEL', name, task))
  end
end

-- Looks at the last turn of a priority, or of a fair key there.
local function check_turn(name, member)
  local score = peek('ZSCORE', name, member)
  local priority = string.match(member, '^(%-?%d%d?%d?)$') or string.match(member, '^(%-?%d%d?%d?):')
  local is_good = score and is_place(score) and is_turn(score)
  if score and not (is_good and band_of(string.sub(name, 3), score) == priority) then
    report('unreadable_value', name, member, removal_from('ZREM', name, member))
  end
end

local function check_idle(name, queue)
  if peek('ZSCORE', name, queue) and exists('q:' .. queue) and peek('SISMEMBER', 'queues', queue) ~= 1 then
    report('unlisted_queue', queue, '', function() redis.call('SADD', P .. 'queues', queue) end)
  end
end

local function check_pause(name, queue)
  local is_known = exists('q:' .. queue) or peek('SISMEMBER', 'queues', queue) == 1 or peek('ZSCORE', 'idle', queue)
  if peek('SISMEMBER', name, queue) == 1 and not is_known then report('unknown_pause', queue, '') end
end

local function check_deploy(name, member)
  local score, at = peek('ZSCORE', name, member), string.match(member, '^(%d+):.')
  if score and not (is_moment(score) and tonumber(at) == tonumber(score)) then
    report('unreadable_value', name, member, removal_from('ZREM', name, member))
  end
end

local function of_batch(name, batch)
  if peek('ZSCORE', name, batch) and not exists('c:' .. batch) then
    report('stray_key', name, 'the batch ' .. batch, removal_from('ZREM', name, batch))
  end
end

local check_number = valued(function(text) return string.find(text, '^%d+:%d+:%d+:%d*:[01]:%d+$') ~= nil end)

local function check_limit(name, id)
  check_number(name, id)
  check_waits(id)
end

local MEMBER_CHECKS = {
  ['q:'] = check_listed,
  ['f:'] = check_claim,
  ['y:'] = check_listed,
  ['x:'] = check_waiter,
  ['h:'] = check_count,
  ['u:'] = check_waiting_queue,
  ['o:'] = check_open_key,
  ['g:'] = check_awaited_key,
  opens = check_awaited_key,
  closed = scored(is_moment),
  reviews = check_changed_limit,
  limits = check_limit,
  ['n:'] = valued(is_object),
  ['v:'] = check_turn,
  ['s:scheduled'] = check_listed,
  ['s:retrying'] = check_listed,
  batches = of_batch,
  workflows = of_batch,
  held = of_batch,
  batch_expiries = of_batch,
  workflow_expiries = of_batch,
  ['s:succeeded'] = check_listed,
  ['s:dead'] = check_listed,
  ['s:discarded'] = check_listed,
  expiries = check_expiry_of_job,
  leases = check_lease,
  lost = scored(is_moment),
  pushes = scored(function(score) return tonumber(score) < 2 ^ 53 and tonumber(score) >= 0 end),
  deploys = check_deploy,
  idle = check_idle,
  paused = check_pause,
  extended = of_worker('SISMEMBER', 'SREM'),
  suspects = of_worker('HEXISTS', 'HDEL'),
  commands = of_worker('HEXISTS', 'HDEL'),
  ticks = check_tick,
  off = valued(is_instant),
  totals = valued(function(text) return is_amount(text, 15) end),
}

-- Looks at a member of a collection, which may be gone by now.
local function check_member(collection, member)
  local check = MEMBER_CHECKS[family(collection)]
  if check then check(collection, member) end
end
