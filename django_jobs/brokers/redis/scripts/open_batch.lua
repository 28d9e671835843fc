-- Stores a batch to which its caller adds members, with its callbacks as waiting jobs.
--
-- Parts: members.
-- KEYS[1]: prefix. ARGV: id, name, metadata, workflow or batch; for each callback event, id of the job, the number of its fields and
--   their values, these.
-- Invariant: a copy of the call changes nothing, also after the batch is forgotten: its hold is over by then, as an
--   abandoned batch.
local batch, name, metadata, kind = unpack(ARGV, 1, 4)
expect_lists_of_queues()
expect('ZCARD', 'batches')
expect('ZCARD', 'workflows')
expect('ZCARD', 'held')
if redis.call('EXISTS', P .. 'c:' .. batch) == 1 then return redis.status_reply('OK') end

local fields = { 'name', name, 'opened', string.format('%.0f', now), 'held', '1' }
if metadata ~= '' then fields[#fields + 1], fields[#fields + 2] = 'metadata', metadata end
if kind == 'workflow' then fields[#fields + 1], fields[#fields + 2] = 'workflow', '1' end
local i = 5
while i <= #ARGV do
  local event, id, number, enqueued_at = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 3]), ARGV[i + 2]
  fields[#fields + 1], fields[#fields + 2] = event, id
  redis.call('HSET', P .. 'j:' .. id, 's', 'waiting', 'E', '1', 'W', event .. ':' .. batch, unpack(ARGV, i + 4, i + 3 + number))
  wait_in_queue(id)
  redis.call('RPUSH', P .. edges_of(event, batch), id)
  i = i + 4 + number
end
redis.call('HSET', P .. 'c:' .. batch, unpack(fields))
redis.call('ZADD', P .. (kind == 'workflow' and 'workflows' or 'batches'), now, batch)
redis.call('ZADD', P .. 'held', now + BATCH_HELD_MS, batch)
return redis.status_reply('OK')
