-- Renews a worker's lease, and takes back the jobs of workers whose lease ran out.
--
-- Parts: full, queues, fields, places, ends, flight.
-- KEYS[1]: prefix. ARGV: worker, call, lease in ms, what it says of itself as JSON, attempts
--   succeeded, attempts failed, crashes that kill a job; how long the counts of each kind and length
--   of period are kept as JSON, names of one period, name of those beyond, number of counts; for
--   each: kind, name, counts as JSON; then what is said of jobs: id, token, field, its value.
-- Returns {lost 0 or 1, order or '', recovered ids, buried ids}.
-- Invariant: a job taken back is claimed by nobody, so that its old worker can't settle it.
--   No lease lasts longer than its worker wants, also after the clock was set back.
--   The same call sent again renews the lease, and returns the same answer. One that comes
--   after its successor changes nothing.
local worker, call, lease, max_crashes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[7])
local recovered, buried = {}, {}

local function take_back(id, value, gone)
  local job = P .. 'j:' .. id
  local queue = read(id, 'q')[1]
  if not queue then return end -- evicted, or deleted by hand
  -- With a count that is no number the job goes back to its queue, where it is set aside.
  local crashes = redis.pcall('HINCRBY', job, 'c', 1)
  if type(crashes) == 'number' and crashes >= max_crashes then
    local message = string.format(WORKER_LOST_MESSAGE, crashes, gone)
    bury(id, WORKER_LOST, message, gone, tonumber(redis.call('HGET', job, 'k')) or 0)
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
  local flight = redis.pcall('HGETALL', P .. 'f:' .. gone)
  for i = 1, #flight, 2 do
    take_back(flight[i], flight[i + 1], gone)
  end
  redis.call('DEL', P .. 'f:' .. gone, P .. 'w:' .. gone)
  -- It may only be cut off, and ask again for the answers to its last calls.
  for _, kind in ipairs({ 'r:', 'o:', 'a:', 'b:' }) do
    redis.call('EXPIRE', P .. kind .. gone, LOST_WORKER_KEPT_MS / 1000)
  end
  redis.call('HDEL', P .. 'suspects', gone)
  redis.call('HDEL', P .. 'orders', gone)
  redis.call('ZREM', P .. 'leases', gone)
  redis.call('SREM', P .. 'doubted', gone)
  redis.call('ZADD', P .. 'lost', now, gone)
end

local function overdue()
  return redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', now)
end

-- A worker that is late itself can't tell whether the others vanished or nobody could send
-- heartbeats, so those whose lease is over get another one, once.
local function renew()
  local until_then = redis.call('ZSCORE', P .. 'leases', worker)
  if until_then and tonumber(until_then) <= now then
    for _, other in ipairs(overdue()) do
      if redis.call('SADD', P .. 'doubted', other) == 1 then
        redis.call('ZADD', P .. 'leases', now + lease, other)
      end
    end
  end
  redis.call('SREM', P .. 'doubted', worker)
  redis.call('ZADD', P .. 'leases', now + lease, worker)
  redis.call('SET', P .. 'w:' .. worker, ARGV[4])
  return redis.call('ZREM', P .. 'lost', worker)
end

-- Reads a JSON object. What stands there and is none has nothing in it.
local function decoded(text)
  local good, found = pcall(cjson.decode, text)
  return good and type(found) == 'table' and found or {}
end

-- A lease that is longer than its worker wants was begun before Redis's clock was set back. It would
-- keep the jobs of a dead worker for so much longer.
local function shorten_leases()
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', now + lease + 1, '+inf')) do
    local wanted = decoded(redis.pcall('GET', P .. 'w:' .. other)).lease
    local known = type(wanted) == 'number' and wanted <= LONGEST_LEASE_MS
    redis.call('ZADD', P .. 'leases', 'XX', 'LT', now + math.max(lease, known and wanted or 0), other)
  end
end

local function add_total(name, count)
  if type(redis.pcall('HINCRBY', P .. 'totals', name, count)) ~= 'number' then
    redis.call('HSET', P .. 'totals', name, count)
  end
end

-- Adds counts to those of a period, under their name if there is room for one more.
local function add_to_period(key, name, counts, max_names, others)
  local before = redis.pcall('HGET', key, name)
  if type(before) == 'table' then -- something else stands there
    redis.call('UNLINK', key)
    before = false
  end
  if not before and redis.call('HLEN', key) >= max_names then
    name, before = others, redis.call('HGET', key, others)
  end
  local sums = {}
  for code, number in pairs(before and decoded(before) or sums) do
    if type(code) == 'string' and type(number) == 'number' and number >= 0 and number <= MAX_COUNT then
      sums[code] = number
    end
  end
  for code, number in pairs(counts) do
    sums[code] = (sums[code] or 0) + number
  end
  redis.call('HSET', key, name, cjson.encode(sums))
end

local function count(first, number)
  local periods = cjson.decode(ARGV[8])
  for i = first, first + 3 * number - 1, 3 do
    local counts = cjson.decode(ARGV[i + 2])
    for length, kept in pairs(periods[ARGV[i]]) do
      local period = string.format('%.0f', math.floor(now / length))
      local key = P .. 'n:' .. ARGV[i] .. ':' .. length .. ':' .. period
      add_to_period(key, ARGV[i + 1], counts, tonumber(ARGV[9]), ARGV[10])
      redis.call('PEXPIRE', key, kept)
    end
  end
end

local last, answer_before = last_call(P .. 'b:' .. worker)
if last and tonumber(last) > tonumber(call) then
  return { 0, '', {}, {} } -- overtaken on its way
end
shorten_leases()
local lost = renew()
if lost == 1 then
  -- Numbers that were forgotten on a lane of somebody who lives would look like a gap.
  for _, kind in ipairs({ 'r:', 'o:', 'a:' }) do
    redis.call('PERSIST', P .. kind .. worker)
  end
end
if last == call then
  local answer = cjson.decode(answer_before)
  answer[1] = math.max(lost, answer[1])
  return answer
end
redis.call('ZREMRANGEBYSCORE', P .. 'lost', '-inf', now - LOST_WORKER_KEPT_MS)
redis.call('ZREMRANGEBYRANK', P .. 'pushes', 0, -SENDERS_KEPT - 1) -- those that have been silent for longest
add_total('succeeded', ARGV[5])
add_total('failed', ARGV[6])
count(12, tonumber(ARGV[11]))
write_held(worker, 12 + 3 * tonumber(ARGV[11]))
local order = redis.call('HGET', P .. 'orders', worker) or ''
redis.call('HDEL', P .. 'orders', worker)
for _, gone in ipairs(overdue()) do
  reap(gone)
end
sweep(SWEEP)
tidy_queues()
local answer = { lost, order, recovered, buried }
redis.call('SET', P .. 'b:' .. worker, call .. ' ' .. cjson.encode(answer))
return answer
