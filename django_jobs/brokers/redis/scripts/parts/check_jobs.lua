-- What can be wrong with a job, by its own fields.
-- Parts: findings, fields, shapes, sound, places, ends, flight, check_locks, edges, additions.

-- Reads all fields of a job, by their names, with the state that it has.
local function read_job(id)
  local job = read_all(id)
  job.s = state_of(id, job.s, job.q, job.x)
  return job
end

local function is_known_state(state)
  return state == 'running' or is_one_of(state, LINED_UP) or is_one_of(state, DEFERRED) or is_one_of(state, ENDED)
end

-- Returns the worker that began the last attempt, or ''.
local function last_worker(job)
  return string.match(job.w or '', '[^,]*$')
end

-- Returns the index that a job must be in, and the only one.
local function home(job)
  if job.s == 'queued' then return 'q:' .. (job.q or '') end
  if job.s == 'waiting' then return 'y:' .. (job.q or '') end
  if job.s == 'running' then return 'f:' .. last_worker(job) end
  return 's:' .. (job.s or '')
end

local function is_in(index, id)
  return peek(family(index) == 'f:' and 'HGET' or 'ZSCORE', index, id) ~= nil
end

local function kept_ms(job)
  return KEPT_MS[job.s] or tonumber(job.e and result_ttl_of(job) or DAY_MS)
end

local function put_into_queue(id, job)
  redis.call('HSET', P .. 'j:' .. id, 's', 'queued', 'u', string.format('%.0f', now))
  redis.call('SADD', P .. 'queues', job.q)
  enqueue(id, job.q, terms(job.e or '') or 0, job.y)
  mark(job.q)
end

-- Tells whether the worker that began the last attempt holds the job under its token.
local function is_held(id, job)
  local value = peek('HGET', 'f:' .. last_worker(job), id)
  local fence = value and held(value)
  return fence ~= nil and string.match(fence, '^%d+') == job.n
end

-- Puts a readable job into the index of its state.
local function list_again(id, job)
  if is_held(id, job) then
    redis.call('HSET', P .. 'j:' .. id, 's', 'running') -- which it says no longer
  elseif job.s == 'waiting' and job.E then
    enter_batches()
    wait_in_queue(id)
  elseif job.s == 'running' or is_one_of(job.s, LINED_UP) then
    put_into_queue(id, job)
  elseif is_one_of(job.s, DEFERRED) then
    local run_at = job.s == 'scheduled' and select(4, terms(job.e or '')) or ''
    if job.s == 'scheduled' and is_successor(id, job) then run_at = NO_DUE_TIME end
    redis.call('ZADD', P .. home(job), run_at ~= '' and run_at or now, id)
  else
    finish(job.s, { job.f or now, id }, { now + kept_ms(job), id })
  end
end

-- Returns the fields that hold what we do not write, among those that are there.
local function unreadable_fields(job)
  local found = {}
  local function look(good, fields)
    for _, field in ipairs(fields) do
      if job[field] and not good(job[field]) then found[#found + 1] = field end
    end
  end
  look(function(text) return is_amount(text, 9) end, { 'n', 'c', 'r' })
  look(function(text) return is_amount(text, 7) end, { 'k' })
  look(is_instant, { 'u', 'b', 'm', 'f' })
  if job.e and not result_ttl_of(job) then found[#found + 1] = 'e' end
  return found
end

-- Returns what keeps a job from being read, or nil.
local function complaint(job)
  if not is_known_state(job.s) then return 'its state is unknown' end
  if is_newer(job) then return nil end -- a release that knows its format can tell
  local fields = unreadable_fields(job)
  if #fields > 0 then return 'field ' .. table.concat(fields, ', ') end
  if not is_one_of(job.s, ENDED) and not is_sound(job) then return 'a field is missing' end
end

-- Ends a job that can't be read, as its claim would.
local function end_unreadable(id, job)
  for _, index in ipairs({ 'q:' .. (job.q or ''), home(job) }) do
    if KEY_TYPES[family(index)] == 'zset' then redis.call('ZREM', P .. index, id) end
  end
  end_as_dead(id, failure_of(BROKEN_PAYLOAD, BROKEN_PAYLOAD_MESSAGE, '', 0))
end

local function repair_unreadable(id, job)
  if not is_known_state(job.s) and is_held(id, job) then
    redis.call('HSET', P .. 'j:' .. id, 's', 'running')
    return
  end
  if not is_one_of(job.s, ENDED) then end_unreadable(id, job) end
  for _, field in ipairs(unreadable_fields(job)) do
    if field ~= 'f' or is_one_of(job.s, ENDED) then redis.call('HDEL', P .. 'j:' .. id, field) end
  end
end

-- Tells whether a worker that lives says that it runs a job. Its attempt is nobody's any more, yet to
-- queue the job would run it twice at the same time.
local function is_said_to_run(id, job)
  local worker = last_worker(job)
  local good, said = pcall(cjson.decode, peek('GET', 'w:' .. worker) or '')
  if job.s ~= 'running' or not is_leased(worker) or not good then return false end
  for _, running in ipairs(type(said) == 'table' and said.running or {}) do
    if running[1] == id then return true end
  end
  return false
end

-- Tells whether the end is still to come that an edge waits for.
local function is_coming(need)
  local kind, source = string.match(need, '^(%l+):(.+)$')
  if kind == 'seal' then return peek('HEXISTS', 'c:' .. source, 'held') == 1 end
  local state, added = unpack(read(source or '', 's', 'G'), 1, 2)
  return state and (not is_one_of(state, ENDED) or (counts_of_added(added or '') or 0) > 0)
end

-- Tells whether an end that a node waits for will come: it looks at no more edges than one call may.
local function is_node_expected(id, job)
  if not is_workflow(job.B) then return exists('i:' .. job.B) end
  enter_batches()
  local needs = peek('LRANGE', 'k:needs:' .. id, 0, SWEEP) or {}
  for _, need in ipairs(needs) do
    if is_coming(need) then return true end
  end
  return exists('happened') or #needs > SWEEP
end

-- Tells whether something will bring a waiting job to its queue.
local function is_expected(id, job)
  if job.P and not job.B then return read(job.P, 'A')[1] or exists('happened') end
  if job.B then return is_node_expected(id, job) end
  return redis.pcall('LPOS', P .. 'k:' .. (job.W or ''), id) ~= false and exists('k:' .. (job.W or ''))
end

-- Tells whether a job is listed by its batch, as one of many that are dead.
local function is_listed_by_batch(id, job)
  return job.s == 'dead' and job.B and peek('ZSCORE', 'z:' .. job.B, id)
end

local function check_readable_job(id, job)
  if is_one_of(job.s, ENDED) and is_workflow(job.B) then return end -- its workflow lists and keeps it
  if not is_in(home(job), id) and not is_listed_by_batch(id, job) then
    local repair = function() list_again(id, job) end
    report('unlisted_job', id, job.s, not is_said_to_run(id, job) and repair or nil)
  elseif job.s == 'waiting' and job.E and not is_expected(id, job) then
    report('stray_wait', id, job.W or '', function()
      redis.call('ZREM', P .. home(job), id)
      redis.call('HSET', P .. 'j:' .. id, 's', 'discarded', 'f', now)
      if job.B then member_ended(id, job.B, 'discarded') end
      finish_one(id, 'discarded', job.B)
    end)
  elseif is_one_of(job.s, ENDED) and not peek('ZSCORE', 'expiries', id) then
    report('endless_job', id, '', function()
      redis.call('ZADD', P .. 'expiries', now + kept_ms(job), id)
    end)
  end
end

local function check_job(id)
  if redis.call('TYPE', P .. 'j:' .. id).ok ~= 'hash' then return end
  local job = read_job(id)
  local why = complaint(job)
  if not why then
    check_readable_job(id, job)
  elseif job.s == 'running' and is_held(id, job) then
    report('unreadable_job', id, why .. ', while it runs') -- its attempt may well succeed
  else
    report('unreadable_job', id, why, function() repair_unreadable(id, job) end)
  end
end

local function check_failures(id)
  if not exists('j:' .. id) then
    report('stray_key', 'e:' .. id, 'the job ' .. id, function() redis.call('UNLINK', P .. 'e:' .. id) end)
    return
  end
  for _, text in ipairs(peek('LRANGE', 'e:' .. id, 0, -1) or {}) do
    if not is_object(text) then
      report('unreadable_value', 'e:' .. id, 'a failure', function() redis.call('LREM', P .. 'e:' .. id, 0, text) end)
    end
  end
end
