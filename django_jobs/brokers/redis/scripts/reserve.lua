-- Settles finished attempts, promotes what is due, then claims jobs for a worker.
--
-- Parts: full, empty, shapes, fields, places, ends, flight.
-- KEYS[1]: prefix.
-- ARGV: worker, lane of the call (each has numbers of its own), number of the call, limit, lease in
--   ms, crashes that kill a job, number of shares, number of settlements; for each share: queue, quota; for each settlement: id, token, state, waited
--   and duration (ms; delay instead of it if it is to be retried), result or failure as JSON; then what
--   else attempts stored in their jobs, as `write_held` takes it.
-- Returns {refused ids, due_in or -1, reserved_at, claims}, the claims flat, WIDTH values each; behind
--   them, if there are any, the ids of jobs that were buried, and ids and metadata of those that have some.
-- Invariant: a settlement takes effect only while its worker holds the job under its token.
--   The same call sent again changes nothing and returns the claims that are still held.
--   One that comes after its successor changes nothing.
--   A call that skips a number gives back what the worker holds beside its settlements.
local worker, lane, call, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local lease, max_crashes = tonumber(ARGV[5]), tonumber(ARGV[6])
local shares, settlements = tonumber(ARGV[7]), tonumber(ARGV[8])
local answered = P .. lane .. ':' .. worker
local flight = P .. 'f:' .. worker
local claims, refused = {}, {}
local buried, metadata = {}, {}
local left_alone = {} -- jobs of each queue that must not share this worker
local dry = {} -- queues that have no other jobs any more
local next_due -- of what is scheduled or to be retried
local PORTION = 1000
local SETTLEMENT = 6 -- values of each one
local NOW = string.format('%.0f', now) -- Redis takes longer to write a number than to take a text

-- Tells when the first of the jobs that wait for their time is due: the end of time if there is none.
local function first_due()
  local nearest = math.huge
  for _, state in ipairs({ 'scheduled', 'retrying' }) do
    local due_at = redis.call('ZRANGE', P .. 's:' .. state, 0, 0, 'WITHSCORES')[2]
    nearest = math.min(nearest, tonumber(due_at or math.huge))
  end
  return nearest
end

local function ms_until(time)
  return time == math.huge and -1 or math.max(0, time - now)
end

local function answer(id, job, token, attempt)
  local n = #claims
  claims[n + 1], claims[n + 2], claims[n + 3] = id, token, attempt
  claims[n + 4], claims[n + 5], claims[n + 6], claims[n + 7] = job.t, job.q, job.a, job.e
  claims[n + 8], claims[n + 9], claims[n + 10] = job.o or '', job.i or '', job.u or ''
  if job.d then
    metadata[#metadata + 1], metadata[#metadata + 2] = id, job.d
  end
end

-- Ends of this call, for each state there is: times and ids, as ZADD takes them.
local ended, expiries = {}, {}

local function append(list, score, id)
  list[#list + 1] = score
  list[#list + 1] = id
end

local over_at = {} -- when what is kept for so long is forgotten
local function end_as(state, id, kept_ms)
  if kept_ms == 0 then
    forget({ id })
    return
  end
  over_at[kept_ms] = over_at[kept_ms] or string.format('%.0f', now + kept_ms)
  ended[state], expiries[state] = ended[state] or {}, expiries[state] or {}
  append(ended[state], NOW, id)
  append(expiries[state], over_at[kept_ms], id)
end

local function text(number)
  return string.format('%d', number)
end

-- Settles one attempt, of which the worker holds a value, and tells whether it could.
local function settle(i, value)
  if not value then return false end
  local id, token, state = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local mine, score, reserved_at, result_ttl = held(value)
  if mine ~= token then return false end
  if state == 'queued' then
    give_back(id, score)
    return true
  end
  local job = P .. 'j:' .. id
  local started = text(reserved_at + ARGV[i + 3])
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
  elseif result_ttl ~= '0' then
    redis.pcall('HSET', job, 's', state, 'm', started, 'f', finished, 'v', ARGV[i + 5])
  end
  end_as(state, id, KEPT_MS[state] or tonumber(result_ttl))
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

-- Leaves word of what had to be left alone beside a job that might have crashed the worker.
local function wake_for_left_alone()
  for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
    if redis.call('ZCARD', P .. 'q:' .. queue) > 0 then
      mark(queue)
    end
  end
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
        wake_for_left_alone()
      end
    else
      refused[#refused + 1] = id
    end
  end
  with_many('HDEL', flight, settled)
end

local function settle_all(first)
  local last = first + SETTLEMENT * settlements - 1
  for i = first, last, SETTLEMENT * PORTION do
    settle_portion(i, math.min(i + SETTLEMENT * PORTION - 1, last))
  end
  for state, times in pairs(ended) do
    finish(state, times, expiries[state])
  end
end

-- What is due, scheduled and retrying together, by due time: ids, times, and where they stand.
local function find_due()
  local due = {}
  for _, state in ipairs({ 'scheduled', 'retrying' }) do
    local index = P .. 's:' .. state
    local found = redis.call('ZRANGEBYSCORE', index, '-inf', now, 'WITHSCORES', 'LIMIT', 0, PORTION)
    for i = 1, #found, 2 do
      due[#due + 1] = { found[i], tonumber(found[i + 1]), index }
    end
  end
  table.sort(due, function(one, other) return one[2] < other[2] end)
  return due
end

local function promote()
  if next_due > now then return end
  local touched = {}
  for _, job in ipairs(find_due()) do
    local id, due_at, index = unpack(job)
    local queue, enqueued_with = unpack(read(id, 'q', 'e'), 1, 2)
    if queue then
      enqueue({ id }, queue, terms(enqueued_with or '') or 0)
      redis.call('HSET', P .. 'j:' .. id, 's', 'queued', 'u', math.max(0, due_at))
      touched[queue] = true
    end
    redis.call('ZREM', index, id)
  end
  for queue in pairs(touched) do
    mark(queue)
  end
  next_due = first_due()
end

-- Two jobs that are one crash from being dead never share a worker, so that the one which crashes
-- it is known, and the jobs that were only beside it live.
local has_suspect = false -- claimed in this call
local function must_run_alone(id, crashes)
  if tonumber(crashes) ~= max_crashes - 1 then return false end
  local other = redis.call('HGET', P .. 'suspects', worker)
  if other and (has_suspect or redis.call('HEXISTS', flight, other) == 1) then return true end
  redis.call('HSET', P .. 'suspects', worker, id)
  has_suspect = true
  return false
end

-- Counters have so many digits at most that they stay exact when Lua writes them; attempts fewer, as no
-- Retry gives a job more than a million.
local function is_count(value, digits)
  return not value or is_amount(value, digits)
end

local function is_time(value)
  return not value or is_instant(value)
end

local function are_sound(priority, enqueued_at, result_ttl, run_at, expires_at)
  return priority and is_instant(enqueued_at) and is_amount(result_ttl, 15)
    and (run_at == '' or is_instant(run_at)) and (expires_at == '' or is_instant(expires_at))
end

-- Finds the result_ttl in what a job was enqueued with: false where that is not what we write. It is
-- noted, as jobs that were enqueued together have the same.
local result_ttls = {}
local function result_ttl_of(job)
  if result_ttls[job.e] == nil then
    result_ttls[job.e] = are_sound(terms(job.e)) and select(3, terms(job.e)) or false
  end
  return result_ttls[job.e]
end

-- Tells whether fields that must be there are there, and all that are there what we write.
local function is_sound(job)
  return job.t and job.q and job.a and job.e and result_ttl_of(job)
    and is_count(job.n, 9) and is_count(job.k, 7) and is_count(job.c, 9)
    and is_time(job.u) and is_time(job.b) and is_time(job.m)
end

-- Ends a job whose fields are not what we write; something else under its key is set aside.
local function bury_broken(id)
  local kind = redis.call('TYPE', P .. 'j:' .. id).ok
  if kind == 'none' then return end -- evicted, or deleted by hand
  if kind ~= 'hash' then set_aside('j:' .. id, 'a ' .. kind .. ' instead of a hash') end
  bury(id, 'django_jobs.errors.BrokenPayload', 'What is stored for this job is not what django_jobs writes.', worker, 0)
  buried[#buried + 1] = id
end

-- Counts on from what an earlier claim left, if there was one.
local function next_after(count)
  return count and text(count + 1) or '1'
end

-- Adds this worker to those of the attempts before, of which the last ones are kept.
local WORKERS_KEPT = 10
local function last_workers(before)
  local all = {}
  for one in string.gmatch(before, '[^,]+') do
    all[#all + 1] = one
  end
  all[#all + 1] = worker
  return table.concat(all, ',', math.max(1, #all - WORKERS_KEPT + 1))
end

local holdings = {} -- of jobs claimed since the last note: id, what the worker holds

local function claim(id, score, job)
  local token, attempt = next_after(job.n), next_after(job.k)
  local key = P .. 'j:' .. id
  local began = job.b or (attempt ~= '1' and job.m)
  redis.call('HSET', key, 's', 'running', 'n', token, 'k', attempt, 'm', NOW,
    'w', (job.w and job.w ~= '') and last_workers(job.w) or worker)
  if began then
    redis.call('HSET', key, 'b', began)
  end
  append(holdings, id, hold(token, score, NOW, result_ttl_of(job), lane .. call, #claims))
  answer(id, job, token, attempt)
end

-- Takes up to `room` jobs of a queue, and returns how many it took. Behind a whole portion of jobs
-- that must not share this worker it looks no further.
local function take(queue, room)
  local index = P .. 'q:' .. queue
  local taken, passed_over = 0, {}
  while taken < room and #passed_over < 2 * PORTION do
    local wanted = room - taken
    local popped = redis.call('ZPOPMIN', index, wanted)
    for i = 1, #popped, 2 do
      local id, score = popped[i], popped[i + 1]
      if not is_place(score) then score = '0' end
      local job = read_all(id)
      if not is_sound(job) then
        bury_broken(id)
      elseif job.c and must_run_alone(id, job.c) then
        append(passed_over, score, id)
      else
        claim(id, score, job)
        taken = taken + 1
      end
    end
    if #popped < 2 * wanted then break end
  end
  note(flight, holdings)
  holdings = {}
  with_many('ZADD', index, passed_over)
  left_alone[queue] = #passed_over / 2
  dry[queue] = taken < room and #passed_over < 2 * PORTION
  return taken
end

local function take_shares(first)
  for round = 1, 2 do
    for i = first, first + 2 * shares - 2, 2 do
      local quota = (round == 1) and math.min(tonumber(ARGV[i + 1]), limit) or limit
      if quota > 0 and not dry[ARGV[i]] and redis.call('SISMEMBER', P .. 'paused', ARGV[i]) == 0 then
        limit = limit - take(ARGV[i], quota)
      end
    end
  end
end

-- Leaves word of queues that still have jobs, and takes it back of those that have none.
local function pass_on(first)
  local empty = {}
  for i = first, first + 2 * shares - 2, 2 do
    if not dry[ARGV[i]] and redis.call('ZCARD', P .. 'q:' .. ARGV[i]) > (left_alone[ARGV[i]] or 0) then
      mark(ARGV[i])
    else
      empty[#empty + 1] = P .. 'm:' .. ARGV[i]
    end
  end
  for i = 1, #empty, PORTION do
    redis.call('DEL', unpack(empty, i, math.min(i + PORTION - 1, #empty)))
  end
end

local function reply(refused_ids, due_at, reserved_at)
  local values = { refused_ids, ms_until(due_at), reserved_at, claims }
  if #buried + #metadata > 0 then
    values[5], values[6] = buried, metadata
  end
  return values
end

local function again(refused_before)
  local all, mine = redis.call('HGETALL', flight), {}
  local reserved_at = NOW
  for i = 1, #all, 2 do
    local token, _, taken_at, _, of, number = held(all[i + 1])
    if of == lane .. call then
      mine[#mine + 1] = { all[i], token, tonumber(number) }
      reserved_at = taken_at
    end
  end
  table.sort(mine, function(one, other) return one[3] < other[3] end)
  for _, holding in ipairs(mine) do
    local id, token = unpack(holding)
    local job = read_all(id)
    if job.k and is_sound(job) then
      answer(id, job, token, job.k)
    end
  end
  return reply(cjson.decode(refused_before), first_due(), reserved_at)
end

-- Puts back the mark that the wait before a call may have taken: one that claims nothing anew must
-- keep no other worker from it, nor from hearing of a job that is due later.
local function put_marks_back(first)
  for i = first, first + 2 * shares - 2, 2 do
    if redis.call('SISMEMBER', P .. 'queues', ARGV[i]) == 1 or redis.call('ZSCORE', P .. 'idle', ARGV[i]) then
      mark(ARGV[i])
    end
  end
end

local last, refused_before = last_call(answered)
if last == call then
  put_marks_back(9)
  return again(refused_before)
end
-- It was overtaken on its way: sent again after a timeout, answered, and followed by others. What
-- it would claim now, nobody would ever hear of.
if last and tonumber(last) > tonumber(call) then
  put_marks_back(9)
  return { {}, ms_until(first_due()), NOW, {} }
end
redis.call('ZADD', P .. 'leases', 'NX', now + lease, worker)
-- What is not of its key's kind is to show before anything is taken from its place.
redis.call('HLEN', flight)
for _, state in ipairs({ 'succeeded', 'dead', 'discarded' }) do
  redis.call('ZCARD', P .. 's:' .. state)
end
next_due = first_due()
sweep(2 * settlements + 10)
write_held(worker, 9 + 2 * shares + SETTLEMENT * settlements)
settle_all(9 + 2 * shares)
-- Calls that were answered are missing: Redis lost its last moments, by a power cut or a failover,
-- and with them ends that the worker won't report again. What it holds would stay there forever.
-- It gives all back once, whichever lane shows a gap first.
local EXCUSED = 'excused'
if tonumber(last or 0) < tonumber(call) - 1 and redis.call('GET', answered) ~= EXCUSED then
  give_back_all(worker)
  for _, other in ipairs({ 'r', 'o', 'a' }) do
    redis.call('SET', P .. other .. ':' .. worker, EXCUSED)
  end
end
promote()
-- Noted before anything is claimed: should the script end half-way, at a key that somebody else
-- wrote, the same call again finds what it claimed.
redis.call('SET', answered, call .. ' ' .. ((#refused > 0) and cjson.encode(refused) or '[]'))
dry = empty_of_many(9, shares)
take_shares(9)
pass_on(9)
return reply(refused, next_due, NOW)
