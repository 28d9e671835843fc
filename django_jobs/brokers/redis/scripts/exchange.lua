-- Settles finished attempts, promotes jobs that are due, then claims jobs for a worker.
--
-- Parts: full, expect, request, due, settling, claiming, batch_work.
-- KEYS[1]: prefix.
-- ARGV: worker, tag of the call, limit, number of quotas, number of settlements, how many jobs may be such whose starts
--   a limit counts;
--   for each quota: queue, quota; for each settlement: id, fence of its claim, state, waited and duration
--   (ms; the delay in the place of the duration if the job is to be retried), result or failure as JSON;
--   then what else attempts stored in their jobs, as `write_held` takes it.
-- Returns {refused ids, due_in or -1, claimed_at, claims}, the claims flat, 10 values each. If there
--   are any, there follow: ids of jobs that are dead now, ids and metadata of the jobs that have some,
--   1 if the worker has no lease, names of queues whose key is of another type, and the newest format of jobs
--   that were postponed for it, or 0, 1 if others may stand behind jobs that the call has let wait for slots, and ids of
--   members with their batches.
-- Invariant: a settlement takes effect only while its worker holds the job under its fence.
--   Only a heartbeat begins a lease, and a worker without a lease claims nothing: a late copy of a call,
--   which comes after its worker has left or Redis was wiped, takes no job away.

-- Returns when the next job is due, or a limit that jobs wait for opens.
local function next_time()
  return has_limits and math.min(next_due, next_opening()) or next_due
end

expect('HLEN', 'f:' .. worker)
expect_lists_of_queues()
if settlements > 0 then expect_lists_of_ended() end
if has_limits then
  enter_limits()
  expect_limits()
end
local has_lease = redis.call('ZSCORE', P .. 'leases', worker)
next_due = first_due()
sweep(2 * settlements + 10)
write_held(worker, FIRST_WRITE)
settle_all()
if give_freed then give_freed() end
if work_on_batches() then next_due = first_due() end
promote()
if has_limits then look_at_due() end
if not has_lease then
  if has_more_events then next_due = now end
  put_markers_back()
  if write_limits then write_limits() end
  return { refused, ms_until(next_time()), NOW, {}, {}, {}, 1, {}, 0, 0, {} }
end
was_begun = false
take_quotas()
if write_limits then write_limits() end
if was_begun then next_due = first_due() end
pass_on()
if #member_notes > 0 and work_on_batches() then has_more_events = true end -- callbacks of cancelled batches may be due
local reply = { refused, ms_until(has_more_events and now or next_time()), NOW, claims }
local more = moves >= MOVED_PER_CALL and 1 or 0
if #dead + #metadata + #damaged + #members + newest_format + more > 0 then
  reply[5], reply[6], reply[7], reply[8], reply[9] = dead, metadata, 0, damaged, newest_format
  reply[10], reply[11] = more, members
end
return reply
