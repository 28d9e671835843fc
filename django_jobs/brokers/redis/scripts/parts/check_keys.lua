-- What can be wrong with a key as a whole: its type, its owner, when it expires; relies on `LEASE_MS`.
-- Parts: check_jobs, check_locks, check_limits, check_batches.

-- Looks at the type only: all else relies on it.
local function check_type(name)
  local wanted, actual = KEY_TYPES[family(name)], redis.call('TYPE', P .. name).ok
  if actual == 'none' or actual == wanted then return true end
  if not wanted then
    report('unknown_key', name, '')
    return false
  end
  report('wrong_type', name, 'a ' .. actual .. ' instead of a ' .. wanted, function()
    redis.call('UNLINK', P .. name)
    if family(name) == 'j:' then
      end_as_dead(string.sub(name, 3), failure_of(BROKEN_PAYLOAD, BROKEN_PAYLOAD_MESSAGE, '', 0))
    end
  end)
  return false
end

local function check_marker(name, queue)
  if queue ~= '*' and peek('SISMEMBER', 'queues', queue) ~= 1 then
    report('stray_key', name, 'the queue ' .. queue, removal_of(name))
  elseif peek('SISMEMBER', 'paused', queue) == 1 then
    report('stray_key', name, 'a queue that takes jobs', removal_of(name))
  elseif peek('LLEN', name) ~= 1 then
    report('wrong_count', name, 'it must hold one element', function()
      redis.call('LTRIM', P .. name, 0, 0)
    end)
  end
end

local function check_queue(queue)
  if peek('SISMEMBER', 'queues', queue) ~= 1 then
    report('unlisted_queue', queue, '', function()
      redis.call('SADD', P .. 'queues', queue)
      mark(queue)
    end)
  end
end

local function check_turns(name, queue)
  if peek('SISMEMBER', 'queues', queue) ~= 1 and not exists('q:' .. queue) and not exists('y:' .. queue) then
    report('stray_key', name, 'a queue with jobs', removal_of(name))
  end
end

local function check_words(name, worker)
  if not is_leased(worker) then
    report('stray_key', name, 'the worker ' .. worker, removal_of(name))
  elseif not is_object(peek('GET', name) or '') then
    report('unreadable_value', name, 'what a worker says of itself', removal_of(name))
  end
end

local function check_heartbeat(name, worker)
  if not is_leased(worker) and redis.call('PTTL', P .. name) == -1 then
    report('stray_key', name, 'the worker ' .. worker, expiry_of(name, LOST_WORKER_KEPT_MS))
  end
end

local function check_flight(worker)
  if not is_leased(worker) then
    report('no_lease', worker, '', function()
      redis.call('ZADD', P .. 'leases', 'NX', now + LEASE_MS, worker)
    end)
  end
end

local CHECKS = {
  ['j:'] = function(_, id)
    check_job(id)
    check_lock_of(id)
  end,
  ['e:'] = function(_, id) check_failures(id) end,
  ['q:'] = function(_, queue) check_queue(queue) end,
  ['y:'] = function(_, queue) check_queue(queue) end,
  ['x:'] = check_waiters,
  ['r:'] = function(name) check_expiry(name, DAY_MS) end,
  ['m:'] = check_marker,
  ['v:'] = check_turns,
  ['f:'] = function(_, worker) check_flight(worker) end,
  ['b:'] = check_heartbeat,
  ['w:'] = check_words,
  ['d:'] = function(name) check_expiry(name, 60000) end,
  ['l:'] = check_lock,
  ['c:'] = check_batch,
  ['k:'] = check_edges,
  ['i:'] = check_nodes,
  ['z:'] = function(name, batch)
    if not exists('c:' .. batch) then report('stray_key', name, 'the batch ' .. batch, removal_of(name)) end
  end,
  ['a:'] = function(name) check_expiry(name, ALIAS_MS) end,
  ['n:'] = function(name)
    check_expiry(name, math.max(DAY_MS, 2 * tonumber(string.match(name, '^n:%l+:(%d+):') or 0)))
  end,
  deploys = function(name) check_expiry(name, DEPLOYS_KEPT_MS) end,
  seq = function(name)
    if not is_amount(peek('GET', name) or '', 15) then
      report('unreadable_value', name, 'no number', removal_of(name))
    end
  end,
}

-- Looks at a key of the right type.
local function check_key(name)
  local check = CHECKS[family(name)]
  if check then check(name, string.sub(name, 3)) end
end
