-- Forgets queued jobs of a queue, a portion at a time.
--
-- Parts: expect, retention, locks, waiters, batch_work.
-- KEYS[1]: prefix. ARGV: queue, portion. Returns how many there were in this portion, and how many in all before it.
expect('ZCARD', 'expiries')
expect_lists_of_queues()
expect('ZCARD', 'y:' .. ARGV[1])
local last = string.format('(%.0f', BEHIND_ALL)
local before = redis.call('ZCARD', P .. 'q:' .. ARGV[1]) + redis.call('ZCOUNT', P .. 'y:' .. ARGV[1], '-inf', last)
local popped = redis.call('ZPOPMIN', P .. 'q:' .. ARGV[1], ARGV[2])
if #popped == 0 then
  local number = math.ceil(ARGV[2] / 10) -- each takes longer
  popped = redis.call('ZRANGEBYSCORE', P .. 'y:' .. ARGV[1], '-inf', last, 'WITHSCORES', 'LIMIT', 0, number)
  for i = 1, #popped, 2 do leave_waiters(popped[i], ARGV[1]) end
end
local ids = {}
for i = 1, #popped, 2 do
  local lock, batch = unpack(read(popped[i], 'l', 'B'), 1, 2)
  if lock then free_lock(popped[i], lock) end
  if batch then member_deleted(popped[i], batch, 'queued') end
  ids[#ids + 1] = popped[i]
end
forget(ids)
work_on_batches()
return { #ids, before }
