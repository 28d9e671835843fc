-- How jobs are claimed for a worker.
-- Parts: expect, request, many, empty, fields, turns, places, ends, flight, shapes, sound, postponing, known_limits, limited_claims, cancelled_batches.

local left_alone = {} -- how many jobs of each queue must not share this worker
local dry = {} -- queues that have no other jobs any more
local put_aside = 0 -- how many jobs of a later release, and of cancelled batches

local function append_claim(id, job, token, attempt)
  local n = #claims
  claims[n + 1], claims[n + 2], claims[n + 3] = id, token, attempt
  claims[n + 4], claims[n + 5], claims[n + 6], claims[n + 7] = job.t, job.q, job.a, job.e
  claims[n + 8], claims[n + 9], claims[n + 10] = job.o or '', job.i or '', job.u or ''
  if job.d then
    metadata[#metadata + 1], metadata[#metadata + 2] = id, job.d
  end
  if job.B then
    members[#members + 1], members[#members + 2] = id, job.B
  end
end

-- Two jobs that are one crash from being dead never share a worker, so that the one which crashes
-- it is known, and the jobs that only ran at the same time live.
local has_suspect = false -- claimed in this call

local function is_suspect(crashes)
  return tonumber(crashes) == MAX_CRASHES - 1
end

-- Tells whether a job must not share this worker. The one that the worker was noted with may have been retried since, and
-- be held again as any other.
local function must_run_alone(id, crashes)
  if not is_suspect(crashes) then return false end
  local other = redis.call('HGET', P .. 'suspects', worker)
  if has_suspect or other and redis.call('HEXISTS', flight, other) == 1 and is_suspect(read(other, 'c')[1]) then return true end
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

-- Frees the lock of a job that ends at its start, and returns what is noted of it with the claim.
local function lock_to_hold(id, lock)
  local until_when = held_until(lock)
  if until_when == 's' then free_lock(id, lock) end
  return until_when and lock or ''
end

local function claim(id, score, job, limits)
  local token, attempt = next_after(job.n), next_after(job.k)
  local key = P .. 'j:' .. id
  local began = job.b or (attempt ~= '1' and job.m)
  redis.call('HSET', key, 's', 'running', 'n', token, 'k', attempt, 'm', NOW,
    'w', (job.w and job.w ~= '') and last_workers(job.w) or worker)
  if began then
    redis.call('HSET', key, 'b', began)
  end
  if limits then
    take_slots(limits)
    forget_heads(limits)
  end
  local lock = job.l and lock_to_hold(id, job.l) or ''
  append(holdings, id, hold(token, tag, score, NOW, result_ttl_of(job), lock, job.B or '', limits and job.x or ''))
  append_claim(id, job, token, attempt)
end

local passed_over, kept_back = {}, {} -- jobs of the present queue that stay there
local turns -- places that were claimed in it, if it has turns
local is_full = false -- whether the next job may start only in a thread that is not free

-- Claims a job that was taken out of its queue, or does what keeps it from running now. Takes its limits and the job, as far
-- as they were read. Whether it has to wait comes first, as jobs that do are not read. Returns how many it claimed.
local function consider(id, queue, score, limits, job)
  if limits == nil then
    job = read_all(id)
    if job.x and not limits_of then enter_limits() end
    limits = job.x and limits_of(job.x)
  end
  local key = limits and closed_key(limits, queue)
  if not job and not key then job = read_all(id) end
  local batch
  if job then batch = job.B elseif are_batches then batch = read(id, 'B')[1] end
  if batch and is_called_off(id, batch) then
    put_aside = put_aside + 1
    return 0
  elseif key then
    let_wait(id, score, key)
    return 0
  elseif is_newer(job) then
    leave_to_later(id, job)
    put_aside = put_aside + 1
    return 0
  elseif not is_sound(job) then
    end_unreadable(id)
    return 0
  end
  if not is_place(score) then score = '0' end
  if limits and is_over(job) then limits = nil end
  if job.c and must_run_alone(id, job.c) then
    append(passed_over, score, id)
  elseif limits and limits.is_timed and at_once < 1 then
    append(kept_back, score, id)
    is_full = true
  else
    if limits and limits.is_timed then at_once = at_once - 1 end
    claim(id, score, job, limits)
    if turns then turns[#turns + 1] = score end
    return 1
  end
  return 0
end

-- Does so with the first job of a queue that has waited for a slot.
local function consider_waiter(queue)
  local head = leave_first(queue)
  return consider(head.id, queue, head.score)
end

-- Considers jobs that have waited for slots and come before all that are queued, so that no more of these are popped than have
-- room.
local function take_waiters(queue, room)
  local taken, head = 0, open_head(queue)
  local first = head and redis.pcall('ZRANGE', P .. 'q:' .. queue, '0', '0', 'WITHSCORES')[2]
  while first and head and head.at < tonumber(first) and taken < room and not is_full do
    taken = taken + consider_waiter(queue)
    head = open_head(queue)
  end
  return taken
end

-- Considers jobs that were popped, and before each those that have waited for slots and come first.
local function take_popped(queue, popped, room)
  local taken, limits, jobs = 0, {}, {}
  if has_limits then limits, jobs = read_popped(popped) end
  for i = 1, #popped, 2 do
    local id, score = popped[i], popped[i + 1]
    local head = has_limits and open_head(queue)
    while head and head.at < tonumber(score) and taken < room and not is_full do
      taken = taken + consider_waiter(queue)
      head = open_head(queue)
    end
    if taken >= room or is_full or moves >= MOVED_PER_CALL then
      append(kept_back, score, id)
    else
      local n = (i + 1) / 2
      taken = taken + consider(id, queue, score, limits[n], jobs[n])
    end
  end
  return taken
end

-- Takes up to `room` jobs of a queue, and returns how many it took. It stops at a whole portion of jobs
-- that must not share this worker, and when the call has put aside, or let wait, as many as it may.
local function take(queue, room)
  local index, taken, has_more = P .. 'q:' .. queue, 0, false
  passed_over, kept_back, is_full = {}, {}, false
  turns = redis.call('EXISTS', P .. 'v:' .. queue) == 1 and {}
  if has_limits then taken = take_waiters(queue, room) end
  repeat
    local wanted = moves < MOVED_PER_CALL and room - taken or 0
    local popped = redis.pcall('ZPOPMIN', index, wanted)
    if popped.err then damaged[#damaged + 1] = queue end
    taken = taken + take_popped(queue, popped, room - taken)
    has_more = taken >= room or is_full or #passed_over >= 2 * PORTION or put_aside >= POSTPONED_PER_CALL
      or moves >= MOVED_PER_CALL
  until has_more or #popped < 2 * wanted
  while not has_more and has_limits and open_head(queue) do
    taken = taken + consider_waiter(queue)
    has_more = taken >= room or is_full or moves >= MOVED_PER_CALL
  end
  note(flight, holdings)
  holdings = {}
  if turns then note_claimed_turns(queue, turns) end
  if has_limits then write_waiters(queue) end
  with_many('ZADD', index, passed_over)
  with_many('ZADD', index, kept_back)
  left_alone[queue] = #passed_over / 2
  dry[queue] = not has_more
  return taken
end

local function take_quotas()
  dry = empty_of_many(FIRST_QUOTA, quotas)
  for round = 1, 2 do
    for i = FIRST_QUOTA, LAST_QUOTA, 2 do
      local quota = (round == 1) and math.min(tonumber(ARGV[i + 1]), limit) or limit
      local may_take = quota > 0 and not dry[ARGV[i]] and put_aside < POSTPONED_PER_CALL and moves < MOVED_PER_CALL
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
    local has_more = not dry[ARGV[i]] and (size('ZCARD', 'q:' .. ARGV[i]) or 0) > (left_alone[ARGV[i]] or 0)
    if has_more or has_limits and may_have_open(ARGV[i]) then
      mark(ARGV[i])
    else
      empty[#empty + 1] = P .. 'm:' .. ARGV[i]
    end
  end
  for i = 1, #empty, PORTION do
    redis.call('DEL', unpack(empty, i, math.min(i + PORTION - 1, #empty)))
  end
  if write_open then write_open() end
end
