-- Begins or renews a worker's lease, gives back the jobs that the worker does not know of, and takes back the
-- jobs of workers whose lease is over.
--
-- Parts: full, queues, ends, metrics, leases, reconciling, cancelling, limit_sweep, batch_sweep, batch_work.
-- KEYS[1]: prefix. ARGV: worker, number of the heartbeat, lease in ms, what the worker says of itself as JSON,
--   1 if it is quiet, attempts succeeded, attempts failed; highest tag given out, number of
--   awaited tags, each of them; number of claims that the worker answers for, id and fence of each; the same of
--   claims whose end it cannot report; counts, as `count_attempts` takes them; then what attempts stored in their jobs, as `write_held` takes it.
-- Returns {lost 0 or 1, command or '', recovered ids, dead ids, ids of jobs that the worker is to cancel}.
-- Invariant: a job taken back is claimed by nobody, so that its old worker cannot settle it.
--   No lease lasts longer than its worker wants, also after the clock was set back.
--   A heartbeat that is sent again, with the same number, adds no counts. One that is overtaken by its
--   successor, or by the end of its worker, does nothing.
local worker, number, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

-- The number of the worker's last heartbeat, and whether it had lost its jobs by then.
local function last_heartbeat()
  local last, lost = string.match(redis.call('GET', P .. 'b:' .. worker) or '', '^(%d+):(%d)$')
  return tonumber(last or 0), tonumber(lost or 0)
end

-- Reads a list from an argument on: how many values, or pairs of them, it has, and these. Returns it as a set,
-- pairs with a space between, and the index of the first argument behind it.
local function read_set(first, size)
  local set, last = {}, first + size * tonumber(ARGV[first])
  for i = first + 1, last, size do
    set[table.concat(ARGV, ' ', i, i + size - 1)] = true
  end
  return set, last + 1
end

-- Returns what an operator asked for. It stays until the worker has done so, as replies may be lost.
local function command_for(is_quiet)
  local command = redis.call('HGET', P .. 'commands', worker) or ''
  if command == 'quiet' and is_quiet then
    redis.call('HDEL', P .. 'commands', worker)
    return ''
  end
  return command
end

local last, was_lost = last_heartbeat()
if last > number then return { 0, '', {}, {}, {} } end
shorten_leases(lease)
local lost = renew(worker, lease, ARGV[4])
local awaited, first_named = read_set(9, 1)
local named, first_abandoned = read_set(first_named, 2)
local abandoned, first_count = read_set(first_abandoned, 2)
if last < number then
  add_total('succeeded', ARGV[6])
  add_total('failed', ARGV[7])
  write_held(worker, count_attempts(first_count))
else
  lost = math.max(lost, was_lost)
end
redis.call('SET', P .. 'b:' .. worker, string.format('%d:%d', number, lost))
local recovered, dead = {}, {}
take_back_abandoned(worker, abandoned, recovered, dead)
give_back_unknown(worker, tonumber(ARGV[8]), awaited, named)
reap_overdue(recovered, dead)
if give_freed then
  give_freed()
  write_limits()
end
redis.call('ZREMRANGEBYRANK', P .. 'pushes', 0, -SENDERS_KEPT - 1) -- those that have been silent for longest
sweep(SWEEP)
tidy_queues()
end_cancelled()
sweep_limits()
sweep_batches()
work_on_batches()
return { lost, command_for(ARGV[5] == '1'), recovered, dead, cancelled_of(worker) }
