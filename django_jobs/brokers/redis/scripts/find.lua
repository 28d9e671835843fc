-- Reads jobs.
--
-- Parts: expect, ends.
-- KEYS[1]: prefix. ARGV: 0 for all failures or -1 for the last one; ids.
-- Returns for each id its fields and values, its failures, its due time or '', and 1 if it is to be cancelled.
-- Reads all of a key, or nothing if something else stands there.
local function whole(command, name, ...)
  local got = redis.pcall(command, P .. name, ...)
  return got.err and {} or got
end

sweep(100)
local are_cancelled = (size('SCARD', 'cancelled') or 0) > 0
local reply = {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local due = redis.call('ZSCORE', P .. 's:scheduled', id) or redis.call('ZSCORE', P .. 's:retrying', id)
  local is_cancelled = are_cancelled and redis.call('SISMEMBER', P .. 'cancelled', id) or 0
  reply[i - 1] = { whole('HGETALL', 'j:' .. id), whole('LRANGE', 'e:' .. id, ARGV[1], -1), due or '', is_cancelled }
end
return reply
