-- Renews a worker's lease, and takes back the jobs of workers whose lease ran out.
--
-- KEYS[1]: prefix. ARGV: worker, lease in ms, what it says of itself as JSON, attempts succeeded,
--   attempts failed, crashes that kill a job.
-- Returns {lost 0 or 1, order or '', recovered ids, buried ids}.
-- Invariant: a job taken back is claimed by nobody, so that its old worker can't settle it.
local worker, lease, max_crashes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[6])
local recovered, buried = {}, {}

local function take_back(id, value, gone)
  local job = P .. 'j:' .. id
  local queue = read(id, 'q')[1]
  if not queue then return end -- evicted, or deleted by hand
  local crashes = redis.call('HINCRBY', job, 'c', 1)
  if crashes >= max_crashes then
    local message = string.format('%d workers vanished while they ran this job; the last was %s.', crashes, gone)
    bury(id, 'django_jobs.errors.WorkerLost', message, gone, tonumber(redis.call('HGET', job, 'k')) or 0)
    buried[#buried + 1] = id
    return
  end
  local _, score = held(value)
  redis.call('HSET', job, 's', 'queued')
  place(id, queue, score)
  mark(queue)
  recovered[#recovered + 1] = id
end

local function reap(gone)
  local flight = redis.call('HGETALL', P .. 'f:' .. gone)
  for i = 1, #flight, 2 do
    take_back(flight[i], flight[i + 1], gone)
  end
  redis.call('DEL', P .. 'f:' .. gone, P .. 'w:' .. gone)
  -- It may only be cut off, and ask again for the answer to its last call.
  redis.call('EXPIRE', P .. 'r:' .. gone, 86400)
  redis.call('HDEL', P .. 'suspects', gone)
  redis.call('HDEL', P .. 'orders', gone)
  redis.call('ZREM', P .. 'leases', gone)
  redis.call('ZADD', P .. 'lost', now, gone)
end

local lost = redis.call('ZREM', P .. 'lost', worker)
redis.call('ZREMRANGEBYSCORE', P .. 'lost', '-inf', now - 86400000)
redis.call('ZADD', P .. 'leases', now + lease, worker)
redis.call('SET', P .. 'w:' .. worker, ARGV[3])
if ARGV[4] ~= '0' then redis.call('HINCRBY', P .. 'totals', 'succeeded', ARGV[4]) end
if ARGV[5] ~= '0' then redis.call('HINCRBY', P .. 'totals', 'failed', ARGV[5]) end
local order = redis.call('HGET', P .. 'orders', worker)
redis.call('HDEL', P .. 'orders', worker)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', now)) do
  reap(gone)
end
sweep(1000)
return { lost, order or '', recovered, buried }
