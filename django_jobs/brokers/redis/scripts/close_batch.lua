-- Closes a batch, which ends now if it has no open members, or cancels it.
--
-- Parts: expect, edges, members.
-- KEYS[1]: prefix. ARGV: id, close or cancel.
-- Returns 1; 0 with nothing changed if it is unknown, was closed, or has ended or was cancelled.
local batch, what = ARGV[1], ARGV[2]
expect('ZCARD', 'held')
expect('ZCARD', 'batch_expiries')
expect('ZCARD', 's:scheduled')
expect('ZCARD', 'expiries')
expect_lists_of_queues()
local said = read_batch(batch)
if not said then return 0 end
if what == 'cancel' then
  if said.cancelled or said.ended then return 0 end
  redis.call('HSET', P .. 'c:' .. batch, 'cancelled', '1')
elseif not said.held then
  return 0
end
close_batch(batch)
follow_edges()
return 1
