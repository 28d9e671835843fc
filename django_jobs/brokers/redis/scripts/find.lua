-- Reads jobs.
--
-- KEYS[1]: prefix. ARGV: ids.
-- Returns for each id its fields and values, its failures, and its due time or ''.
sweep(100)
local answer = {}
for i, id in ipairs(ARGV) do
  local due = redis.call('ZSCORE', P .. 's:scheduled', id) or redis.call('ZSCORE', P .. 's:retrying', id)
  answer[i] = { redis.call('HGETALL', P .. 'j:' .. id), redis.call('LRANGE', P .. 'e:' .. id, 0, -1), due or '' }
end
return answer
