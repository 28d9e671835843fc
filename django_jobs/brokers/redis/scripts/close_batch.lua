-- Closes a batch, which ends now if it has no open members, or cancels it. A workflow starts, or is forgotten if it has not.
--
-- Parts: full, expect, edges, members, following.
-- KEYS[1]: prefix. ARGV: id, close or cancel.
-- Returns 1; 0 with nothing changed if it is unknown, was closed, or has ended or was cancelled.
local batch, what = ARGV[1], ARGV[2]
expect('ZCARD', 'held')
expect('ZCARD', 'batch_expiries')
expect('ZCARD', 'workflow_expiries')
expect('ZCARD', 's:scheduled')
expect('ZCARD', 'expiries')
expect_lists_of_queues()
local said = read_batch(batch)
if not said then return 0 end
if what == 'cancel' then
  if said.cancelled or said.ended then return 0 end
  redis.call('HSET', P .. 'c:' .. batch, 'cancelled', '1')
  if said.workflow and said.held then forget_batch(batch) end
elseif not said.held then
  return 0
end
if redis.call('EXISTS', P .. 'c:' .. batch) == 1 then close_batch(batch) end
follow_edges()
return 1
