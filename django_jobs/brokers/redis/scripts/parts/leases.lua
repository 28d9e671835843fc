-- How leases are renewed, and what becomes of the jobs of a worker whose lease is over.
-- Parts: expect, fields, places, ends, flight, metrics.

local function overdue()
  return redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', now)
end

-- Ends leases in time that were begun before Redis's clock was set back: each is longer than its worker
-- wants, and would keep the jobs of a dead worker for so much longer.
local function shorten_leases(lease)
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', now + lease + 1, '+inf')) do
    local wanted = decoded(redis.pcall('GET', P .. 'w:' .. other)).lease
    wanted = type(wanted) == 'number' and math.min(wanted, LONGEST_LEASE_MS) or 0
    redis.call('ZADD', P .. 'leases', 'XX', 'LT', now + math.max(lease, wanted), other)
  end
end

-- Begins or renews a lease; returns 1 if the worker had lost its jobs. A worker that is late itself cannot
-- tell whether the others vanished or nobody could send heartbeats, so those whose lease is over get another
-- one, once.
local function renew(worker, lease, info)
  local until_then = redis.call('ZSCORE', P .. 'leases', worker)
  if until_then and tonumber(until_then) <= now then
    for _, other in ipairs(overdue()) do
      if redis.call('SADD', P .. 'extended', other) == 1 then
        redis.call('ZADD', P .. 'leases', now + lease, other)
      end
    end
  end
  redis.call('SREM', P .. 'extended', worker)
  redis.call('ZADD', P .. 'leases', now + lease, worker)
  redis.call('SET', P .. 'w:' .. worker, info)
  return redis.call('ZREM', P .. 'lost', worker)
end

-- Takes back a job of a worker that vanished, or cannot report its end, at its old place, or ends it as dead.
local function take_back(id, value, gone, recovered, dead)
  local job = P .. 'j:' .. id
  local _, _, score, _, _, lock = let_go(value)
  local queue = read(id, 'q')[1]
  if not queue then -- evicted, or deleted by hand
    lock_again(id, lock, true)
    return
  end
  -- With a count that is no number the job goes back to its queue. It is dead when it is claimed.
  local crashes = redis.pcall('HINCRBY', job, 'c', 1)
  if type(crashes) == 'number' and crashes >= MAX_CRASHES then
    local message = string.format(WORKER_LOST_MESSAGE, crashes, gone)
    end_as_dead(id, failure_of(WORKER_LOST, message, gone, tonumber(redis.call('HGET', job, 'k')) or 0))
    dead[#dead + 1] = id
    return
  end
  redis.call('HSET', job, 's', 'queued')
  lock_again(id, lock, false)
  put_back(id, queue, score)
  mark(queue)
  recovered[#recovered + 1] = id
end

-- Takes back jobs of a worker, so many at most, and returns how many these are. If their key is of another type, the doctor
-- finds them. A worker that holds more keeps its lease, which is over, for the next call.
local function reap(gone, most, recovered, dead)
  local flight = P .. 'f:' .. gone
  local ids, values = in_order(redis.pcall('HRANDFIELD', flight, most, 'WITHVALUES'))
  expect_lists_of_ended()
  expect_lists_of_queues()
  for _, id in ipairs(ids) do
    take_back(id, values[id], gone, recovered, dead)
  end
  redis.call('ZADD', P .. 'lost', now, gone)
  if #ids == most then
    redis.call('HDEL', flight, unpack(ids))
    return most
  end
  redis.call('DEL', flight, P .. 'w:' .. gone)
  redis.call('EXPIRE', P .. 'b:' .. gone, LOST_WORKER_KEPT_MS / 1000) -- it may only be cut off, and send heartbeats again
  redis.call('HDEL', P .. 'suspects', gone)
  redis.call('HDEL', P .. 'commands', gone)
  redis.call('ZREM', P .. 'leases', gone)
  redis.call('SREM', P .. 'extended', gone)
  return #ids
end

-- Takes back the jobs whose end a worker cannot report, as if it had vanished: to give them back at no cost
-- would let them run forever.
local function take_back_abandoned(worker, abandoned, recovered, dead)
  local flight = P .. 'f:' .. worker
  local suspect = redis.call('HGET', P .. 'suspects', worker)
  local claims = {}
  for claim in pairs(abandoned) do claims[#claims + 1] = claim end
  table.sort(claims) -- as `in_order` does
  for _, claim in ipairs(claims) do
    local id, fence = string.match(claim, '^(.*) (.*)$')
    local value = redis.call('HGET', flight, id)
    if value and held(value) == fence then
      expect_lists_of_ended()
      expect_lists_of_queues()
      redis.call('HDEL', flight, id)
      take_back(id, value, worker, recovered, dead)
      if id == suspect then mark_all() end
    end
  end
end

-- Takes back the jobs of workers whose lease is over, until they are enough for a call.
local function reap_overdue(recovered, dead)
  local left = REAPED_PER_CALL
  for _, gone in ipairs(overdue()) do
    if left <= 0 then break end
    left = left - reap(gone, left, recovered, dead) - 1
  end
  redis.call('ZREMRANGEBYSCORE', P .. 'lost', '-inf', now - LOST_WORKER_KEPT_MS)
end
