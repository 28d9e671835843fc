-- Begins or renews a worker's lease, gives back the jobs that the worker does not know of, and takes back the
-- jobs of workers whose lease is over.
--
-- Parts: full, queues, ends, metrics, leases, reconciling.
-- KEYS[1]: prefix. ARGV: worker, number of the heartbeat, lease in ms, what the worker says of itself as JSON,
--   1 if it is quiet, attempts succeeded, attempts failed; highest tag given out, number of
--   awaited tags, each of them; number of claims that the worker answers for, id and fence of each; counts, as
--   `count_attempts` takes them; then what attempts stored in their jobs, as `write_held` takes it.
-- Returns {lost 0 or 1, command or '', recovered ids, buried ids}.
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

-- Reads tags and claims from an argument on; returns them and the index of the first argument behind them.
local function known_claims(first)
  local awaited, named = {}, {}
  local i = first + 1
  for n = i, i + tonumber(ARGV[first]) - 1 do
    awaited[ARGV[n]] = true
  end
  i = i + tonumber(ARGV[first])
  local last = i + 2 * tonumber(ARGV[i])
  for n = i + 1, last, 2 do
    named[ARGV[n] .. ' ' .. ARGV[n + 1]] = true
  end
  return awaited, named, last + 1
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
if last > number then return { 0, '', {}, {} } end
shorten_leases(lease)
local lost = renew(worker, lease, ARGV[4])
local awaited, named, first_count = known_claims(9)
if last < number then
  expect_counts(first_count)
  add_total('succeeded', ARGV[6])
  add_total('failed', ARGV[7])
  write_held(worker, count_attempts(first_count))
else
  lost = math.max(lost, was_lost)
end
redis.call('SET', P .. 'b:' .. worker, string.format('%d:%d', number, lost))
give_back_unknown(worker, tonumber(ARGV[8]), awaited, named)
local recovered, buried = reap_overdue()
redis.call('ZREMRANGEBYRANK', P .. 'pushes', 0, -SENDERS_KEPT - 1) -- those that have been silent for longest
sweep(SWEEP)
tidy_queues()
return { lost, command_for(ARGV[5] == '1'), recovered, buried }
