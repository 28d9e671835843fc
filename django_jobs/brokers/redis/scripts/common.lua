-- What every script shares; it stands before each of them.
--
-- KEYS[1]: the prefix of all keys, with the hash tag that keeps them in one cluster slot.
--
-- Keys behind the prefix:
--   j:<id>       hash    a job, with one short field for each thing (see keys.py)
--   e:<id>       list    its last failures, as JSON
--   q:<queue>    zset    ids of queued jobs by place: priority first, then arrival
--   m:<queue>    list    one element while a queue may have jobs that nobody was woken for; m:* for any
--   f:<worker>   hash    jobs in flight at a worker: id -> token:place:reserved_at:result_ttl:call:number
--   r:<worker>   string  the worker's last call and what it refused
--   b:<worker>   string  the worker's last heartbeat and what it was told
--   d:<worker>   list    what ends the wait of a worker that stops
--   w:<worker>   string  what the worker said with its last heartbeat, as JSON
--   s:<state>    zset    ids by due time (scheduled, retrying) or by when they ended
--   expiries     zset    ids of ended jobs by when they are forgotten
--   n:<kind>:<length>:<number>  hash  what was counted in a period: name -> counts (see counts.py)
--   broken       hash    what was not of its key's kind -> what it was; it stands under broken:<key>
--   queues, paused, doubted (sets), leases, lost (zsets), suspects, orders, ticks, totals (hashes), seq
--
-- Invariant: a job stands in exactly one of q, f and s.
local P = KEYS[1]
local now = clock()

-- What is read here others may have written. Patterns are plain and lengths are looked at apart, as
-- a pattern of many digits that may be there takes Lua longer than the job that it belongs to.

-- Tells whether a text is a whole number of so many digits at most, without a sign.
local function is_amount(text, digits)
  return #text <= digits and string.find(text, '^%d+$') ~= nil
end

-- Tells whether a text is the place of a job in a queue.
local function is_place(text)
  return #text <= 18 and string.find(text, '^%-?%d+$') ~= nil
end

-- Tells whether a text is a whole number of milliseconds from the years 1 to 9999, which Python's
-- dates know.
local function is_instant(text)
  if #text > 15 or not string.find(text, '^%-?%d+$') then return false end
  local number = tonumber(text)
  return number >= -62135596800000 and number <= 253402300799999
end

-- Leaves word that a queue may have jobs: once, for one worker to pick up.
local function mark(queue)
  redis.call('SADD', P .. 'queues', queue)
  if redis.call('SISMEMBER', P .. 'paused', queue) == 1 then return end
  for _, marker in ipairs({ P .. 'm:' .. queue, P .. 'm:*' }) do
    if redis.call('LLEN', marker) == 0 then
      redis.call('RPUSH', marker, '1')
    end
  end
end

-- Reads fields of a job: none of them if there is no such job, or something else under its key. A
-- script that fails half-way would lose what it had in its hands.
local function read(id, ...)
  local got = redis.pcall('HMGET', P .. 'j:' .. id, ...)
  return got.err and {} or got
end

-- Keeps what is not of its key's kind out of everybody's way.
local function set_aside(name, what)
  redis.call('RENAME', P .. name, P .. 'broken:' .. name)
  redis.call('HSET', P .. 'broken', name, what)
end

-- A job whose old place can't be read any more goes to the front, as it was there when it was taken.
local function place(id, queue, score)
  redis.call('ZADD', P .. 'q:' .. queue, score or 0, id)
end

-- 2^44 arrivals fit below one step of priority, and all of it into a double.
local function enqueue(id, queue, priority)
  -- A priority that somebody spoilt may be no number at all, on which ZADD would fail half-way.
  local known = math.max(-100, math.min(100, priority))
  place(id, queue, string.format('%.0f', (100 - known) * 17592186044416 + redis.call('INCR', P .. 'seq')))
end

local function forget(id)
  redis.call('UNLINK', P .. 'j:' .. id, P .. 'e:' .. id)
  redis.call('ZREM', P .. 'expiries', id)
end

-- Forgets ended jobs whose time is over, a portion at a time.
local function sweep(portion)
  local over = redis.call('ZRANGEBYSCORE', P .. 'expiries', '-inf', now, 'LIMIT', 0, portion)
  for _, id in ipairs(over) do
    local state = read(id, 's')[1]
    if state then
      redis.call('ZREM', P .. 's:' .. state, id)
    end
    forget(id)
  end
end

local KEPT = { succeeded = 100000, dead = 10000, discarded = 10000 }
local KEPT_MS = { dead = 180 * 86400000, discarded = 7 * 86400000 }

-- Puts an ended job into the index of its state, and forgets the oldest one above the limit.
local function finish(id, state, kept_ms)
  if kept_ms <= 0 then
    forget(id)
    return
  end
  local index = P .. 's:' .. state
  redis.call('ZADD', index, now, id)
  redis.call('ZADD', P .. 'expiries', now + kept_ms, id)
  local excess = redis.call('ZCARD', index) - KEPT[state]
  if excess > 0 then
    local oldest = redis.call('ZPOPMIN', index, excess)
    for i = 1, #oldest, 2 do
      forget(oldest[i])
    end
  end
end

local function add_failure(id, failure)
  if failure == '' then return end
  local failures = P .. 'e:' .. id
  if type(redis.pcall('RPUSH', failures, failure)) == 'table' then -- something else stands there
    redis.call('UNLINK', failures)
    redis.call('RPUSH', failures, failure)
  end
  redis.call('LTRIM', failures, -10, -1)
end

-- Ends a job as dead for a reason that no worker reported.
local function bury(id, exception, message, worker, attempt)
  add_failure(id, cjson.encode({ exception, message, '', now, worker, attempt }))
  redis.call('HSET', P .. 'j:' .. id, 's', 'dead', 'f', now)
  finish(id, 'dead', KEPT_MS.dead)
end

-- Stores new jobs. Each takes from the arguments: id, queue, priority, run_at or '', the number of
-- the values that follow, then fields and values. Known ids are left as they are: a job gets its
-- place first, so that one is known only when nothing of it can fail any more.
local function store(first)
  local touched = {}
  local i = first
  while i <= #ARGV do
    local id, queue, priority, run_at, count = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
    local job = P .. 'j:' .. id
    if redis.call('EXISTS', job) == 0 then
      local later = run_at ~= '' and tonumber(run_at) > now
      if later then
        redis.call('ZADD', P .. 's:scheduled', run_at, id)
        redis.call('HSET', job, 's', 'scheduled', unpack(ARGV, i + 5, i + 4 + count))
      else
        enqueue(id, queue, priority)
        redis.call('HSET', job, 's', 'queued', 'u', now, unpack(ARGV, i + 5, i + 4 + count))
      end
    end
    touched[queue] = true -- also for a known job: the call may have failed before anybody was woken
    i = i + 5 + count
  end
  for queue in pairs(touched) do
    mark(queue)
  end
end

-- What a worker holds of a job: token, place, reserved_at, result_ttl, call, number in that call. It is
-- made longer than 64 bytes, as Redis keeps shorter values in a list, and looks through all of it for
-- each of hundreds of jobs.
local function hold(...)
  return string.format('%-65s', table.concat({ ... }, ':'))
end

-- Takes what a worker holds apart. All is nil where somebody spoilt it.
local function held(value)
  local token, score, reserved_at, result_ttl, call, number =
    string.match(value, '^(%d+):(%-?%d+):(%d+):(%d+):(%d+):(%d+) *$')
  if token and is_place(score) then return token, score, reserved_at, result_ttl, call, number end
end

-- Undoes the attempt that was begun last, and puts the job back to its old place.
local function give_back(id, score)
  local job = P .. 'j:' .. id
  local got = read(id, 'q', 'k', 'w')
  if not got[1] then return end -- evicted, or deleted by hand
  local attempts = math.max(0, (tonumber(got[2]) or 1) - 1)
  redis.call('HSET', job, 's', 'queued', 'k', attempts, 'w', string.match(got[3] or '', '^(.*),[^,]*$') or '')
  if attempts == 0 then
    redis.call('HDEL', job, 'b', 'm')
  end
  place(id, got[1], score)
  mark(got[1])
end

-- Gives back all that a worker holds.
local function give_back_all(worker)
  local flight = P .. 'f:' .. worker
  local all = redis.call('HGETALL', flight)
  redis.call('DEL', flight)
  for i = 1, #all, 2 do
    local _, score = held(all[i + 1])
    give_back(all[i], score)
  end
end

-- Reads the number of a worker's last call, kept in a key, and what it was answered.
local function last_call(key)
  return string.match(redis.call('GET', key) or '', '^(%d+) (.*)$')
end
