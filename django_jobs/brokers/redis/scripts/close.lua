-- Gives back jobs of a worker that stops, undoing their attempts, and forgets the worker with the last of them.
--
-- Parts: expect, many, flight.
-- KEYS[1]: prefix. ARGV: worker. Returns 1 if it may hold others, which the next call gives back.
-- Invariant: no late copy of a heartbeat begins a lease again, so that no late copy of an exchange claims
--   jobs for a worker that is gone.
local worker = ARGV[1]
local flight = P .. 'f:' .. worker
expect_lists_of_queues()
expect('SCARD', 'extended')
expect('HLEN', 'commands')
expect('ZCARD', 'leases')
expect('ZCARD', 'lost')
local suspect = redis.call('HGET', P .. 'suspects', worker)
local ids, values = in_order(redis.call('HRANDFIELD', flight, GIVEN_BACK_PER_CALL, 'WITHVALUES'))
local held_suspect = false
with_many('HDEL', flight, ids)
for _, id in ipairs(ids) do
  local _, _, score, _, _, lock = let_go(values[id])
  give_back(id, score, lock)
  held_suspect = held_suspect or id == suspect
end
if held_suspect then mark_all() end
if give_freed then
  give_freed()
  write_limits()
end
if #ids == GIVEN_BACK_PER_CALL then return 1 end
redis.call('DEL', flight, P .. 'w:' .. worker, P .. 'd:' .. worker)
redis.call('SREM', P .. 'extended', worker)
redis.call('HDEL', P .. 'suspects', worker)
redis.call('HDEL', P .. 'commands', worker)
redis.call('ZREM', P .. 'leases', worker)
redis.call('ZREM', P .. 'lost', worker)
redis.call('SET', P .. 'b:' .. worker, '999999999999999:0', 'EX', 3600)
return 0
