-- How jobs are claimed for a worker.
-- Parts: expect, request, many, empty, fields, turns, places, ends, flight, shapes, sound, postponing.

local left_alone = {} -- how many jobs of each queue must not share this worker
local dry = {} -- queues that have no other jobs any more
local put_aside = 0 -- how many jobs of a later release

local function append_claim(id, job, token, attempt)
  local n = #claims
  claims[n + 1], claims[n + 2], claims[n + 3] = id, token, attempt
  claims[n + 4], claims[n + 5], claims[n + 6], claims[n + 7] = job.t, job.q, job.a, job.e
  claims[n + 8], claims[n + 9], claims[n + 10] = job.o or '', job.i or '', job.u or ''
  if job.d then
    metadata[#metadata + 1], metadata[#metadata + 2] = id, job.d
  end
end

-- Two jobs that are one crash from being dead never share a worker, so that the one which crashes
-- it is known, and the jobs that only ran at the same time live.
local has_suspect = false -- claimed in this call
local function must_run_alone(id, crashes)
  if tonumber(crashes) ~= MAX_CRASHES - 1 then return false end
  local other = redis.call('HGET', P .. 'suspects', worker)
  if other and (has_suspect or redis.call('HEXISTS', flight, other) == 1) then return true end
  redis.call('HSET', P .. 'suspects', worker, id)
  has_suspect = true
  return false
end

-- Ends a job that cannot be read.
local function end_unreadable(id)
  if redis.call('EXISTS', P .. 'j:' .. id) == 0 then return end -- evicted, or deleted by hand
  if redis.call('TYPE', P .. 'j:' .. id).ok ~= 'hash' then redis.call('UNLINK', P .. 'j:' .. id) end
  end_as_dead(id, failure_of(BROKEN_PAYLOAD, BROKEN_PAYLOAD_MESSAGE, worker, 0))
  dead[#dead + 1] = id
end

-- Leaves a job to workers of a later release, whose format it has.
local function leave_to_later(id, job)
  newest_format = math.max(newest_format, tonumber(job.r))
  local message = string.format(UNKNOWN_FORMAT_MESSAGE, job.r)
  postpone(id, failure_of(UNKNOWN_FORMAT, message, worker, tonumber(job.k) or 0))
end

-- Returns the count that follows that of an earlier claim, if there was one.
local function next_after(count)
  return count and text(count + 1) or '1'
end

-- Adds this worker to those of the attempts before, of which the last ones are kept.
local function last_workers(before)
  local all = {}
  for one in string.gmatch(before, '[^,]+') do
    all[#all + 1] = one
  end
  all[#all + 1] = worker
  return table.concat(all, ',', math.max(1, #all - WORKERS_KEPT + 1))
end

local holdings = {} -- of jobs claimed since the last note: id, what the worker holds

-- Frees the lock of a job that ends at its start, and returns what is noted of the claim with the lock.
local function hold_unique(id, holding, lock)
  local digest, until_when = lock_parts(lock)
  if not digest then return holding end
  if until_when == 's' then free_lock(id, lock) end
  return holding .. ':' .. lock
end

local function claim(id, score, job)
  local token, attempt = next_after(job.n), next_after(job.k)
  local key = P .. 'j:' .. id
  local began = job.b or (attempt ~= '1' and job.m)
  redis.call('HSET', key, 's', 'running', 'n', token, 'k', attempt, 'm', NOW,
    'w', (job.w and job.w ~= '') and last_workers(job.w) or worker)
  if began then
    redis.call('HSET', key, 'b', began)
  end
  local holding = hold(token, tag, score, NOW, result_ttl_of(job))
  append(holdings, id, job.l and hold_unique(id, holding, job.l) or holding)
  append_claim(id, job, token, attempt)
end

-- Takes up to `room` jobs of a queue, and returns how many it took. It stops at a whole portion of jobs
-- that must not share this worker, and when the call has put aside as many of a later release as it may.
local function take(queue, room)
  local index = P .. 'q:' .. queue
  local taken, passed_over = 0, {}
  local turns = redis.call('EXISTS', P .. 'v:' .. queue) == 1 and {}
  local has_more
  repeat
    local wanted = room - taken
    local popped = redis.pcall('ZPOPMIN', index, wanted)
    if popped.err then damaged[#damaged + 1] = queue end
    for i = 1, #popped, 2 do
      local id, score = popped[i], popped[i + 1]
      if not is_place(score) then score = '0' end
      local job = read_all(id)
      if is_newer(job) then
        leave_to_later(id, job)
        put_aside = put_aside + 1
      elseif not is_sound(job) then
        end_unreadable(id)
      elseif job.c and must_run_alone(id, job.c) then
        append(passed_over, score, id)
      else
        claim(id, score, job)
        if turns then turns[#turns + 1] = score end
        taken = taken + 1
      end
    end
    has_more = taken >= room or #passed_over >= 2 * PORTION or put_aside >= POSTPONED_PER_CALL
  until has_more or #popped < 2 * wanted
  note(flight, holdings)
  holdings = {}
  if turns then note_claimed_turns(queue, turns) end
  with_many('ZADD', index, passed_over)
  left_alone[queue] = #passed_over / 2
  dry[queue] = not has_more
  return taken
end

local function take_quotas()
  dry = empty_of_many(FIRST_QUOTA, quotas)
  for round = 1, 2 do
    for i = FIRST_QUOTA, LAST_QUOTA, 2 do
      local quota = (round == 1) and math.min(tonumber(ARGV[i + 1]), limit) or limit
      local may_take = quota > 0 and not dry[ARGV[i]] and put_aside < POSTPONED_PER_CALL
      if may_take and redis.call('SISMEMBER', P .. 'paused', ARGV[i]) == 0 then
        limit = limit - take(ARGV[i], quota)
      end
    end
  end
end

-- Puts back the markers that a listen may have taken along: if it claims nothing, it must not keep another
-- worker from the jobs, nor from learning when the next one is due.
local function put_markers_back()
  for i = FIRST_QUOTA, LAST_QUOTA, 2 do
    if redis.call('SISMEMBER', P .. 'queues', ARGV[i]) == 1 or redis.call('ZSCORE', P .. 'idle', ARGV[i]) then
      mark(ARGV[i])
    end
  end
end

-- Marks the queues that still have jobs, and removes the markers of those that have none.
local function pass_on()
  local empty = {}
  for i = FIRST_QUOTA, LAST_QUOTA, 2 do
    if not dry[ARGV[i]] and (size('ZCARD', 'q:' .. ARGV[i]) or 0) > (left_alone[ARGV[i]] or 0) then
      mark(ARGV[i])
    else
      empty[#empty + 1] = P .. 'm:' .. ARGV[i]
    end
  end
  for i = 1, #empty, PORTION do
    redis.call('DEL', unpack(empty, i, math.min(i + PORTION - 1, #empty)))
  end
end
