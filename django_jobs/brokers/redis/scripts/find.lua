-- Reads jobs.
--
-- Parts: ends.
-- KEYS[1]: prefix. ARGV: 0 for all failures or -1 for the last one; ids.
-- Returns for each id its fields and values, its failures, and its due time or ''.
-- Reads all of a key, or nothing if something else stands there.
local function whole(command, name, ...)
  local got = redis.pcall(command, P .. name, ...)
  return got.err and {} or got
end

sweep(100)
local reply = {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local due = redis.call('ZSCORE', P .. 's:scheduled', id) or redis.call('ZSCORE', P .. 's:retrying', id)
  reply[i - 1] = { whole('HGETALL', 'j:' .. id), whole('LRANGE', 'e:' .. id, ARGV[1], -1), due or '' }
end
return reply
