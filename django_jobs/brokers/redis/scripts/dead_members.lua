-- Lists dead members of a batch in the order of their deaths, and drops those that are dead no longer.
--
-- Parts: fields.
-- KEYS[1]: prefix. ARGV: id of the batch, until when they died or '' for now, how many to leave out, portion.
-- Returns {until when, how many were dropped, id, token of the last claim or '', id …}.
local batch, died_by = ARGV[1], ARGV[2] == '' and string.format('%.0f', now) or ARGV[2]
local dead = P .. 'z:' .. batch
local reply = { died_by, 0 }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', dead, '-inf', died_by, 'LIMIT', ARGV[3], ARGV[4])) do
  local state, token, of_batch = unpack(read(id, 's', 'n', 'B'), 1, 3)
  if state == 'dead' and of_batch == batch then
    reply[#reply + 1], reply[#reply + 2] = id, token or ''
  else
    redis.call('ZREM', dead, id)
    reply[2] = reply[2] + 1
  end
end
return reply
