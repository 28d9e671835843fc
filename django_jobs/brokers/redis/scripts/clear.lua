-- Forgets queued jobs of a queue, a portion at a time, first those that wait for slots.
--
-- Parts: expect, retention, locks, waiters, batch_work.
-- KEYS[1]: prefix. ARGV: queue, portion, how many of those that were there are left: the answer to the call before, if any.
-- Returns how many there were in this portion, and how many are left. What starts for the end of a batch gets into the queue
-- with the last portion, so that it is not taken for one of those that were there.
expect('ZCARD', 'expiries')
expect_lists_of_queues()
expect('ZCARD', 'y:' .. ARGV[1])
local last = string.format('(%.0f', BEHIND_ALL)
local left = tonumber(ARGV[3])
  or redis.call('ZCARD', P .. 'q:' .. ARGV[1]) + redis.call('ZCOUNT', P .. 'y:' .. ARGV[1], '-inf', last)
local most = math.min(ARGV[2], left)
-- Each that waits takes longer.
local popped = redis.call('ZRANGEBYSCORE', P .. 'y:' .. ARGV[1], '-inf', last, 'WITHSCORES', 'LIMIT', 0, math.ceil(most / 10))
for i = 1, #popped, 2 do leave_waiters(popped[i], ARGV[1]) end
if #popped == 0 then popped = redis.call('ZPOPMIN', P .. 'q:' .. ARGV[1], most) end
local ids = {}
for i = 1, #popped, 2 do
  local lock, batch = unpack(read(popped[i], 'l', 'B'), 1, 2)
  if lock then free_lock(popped[i], lock) end
  if batch then member_deleted(popped[i], batch, 'queued') end
  ids[#ids + 1] = popped[i]
end
forget(ids)
left = #ids > 0 and left - #ids or 0
if left == 0 then
  work_on_batches()
elseif #member_notes > 0 then
  enter_batches()
  count_members()
end
return { #ids, left }
