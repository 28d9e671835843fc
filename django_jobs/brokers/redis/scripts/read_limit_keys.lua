-- Describes keys of limits.
--
-- Parts: expect, waiters.
-- KEYS[1]: prefix. ARGV: keys. Returns for each the ids of the jobs that hold its slots, how many wait, and when time gives
--   it a slot or ''.
local reply = {}
for n, key in ipairs(ARGV) do
  local waiting, at = 0, opens_at(key)
  for _, queue in ipairs(redis.call('SMEMBERS', P .. 'u:' .. key)) do
    waiting = waiting + redis.call('ZCARD', P .. waiters_of(key, queue))
  end
  local is_closed = at and at > now
  reply[n] = { redis.call('SMEMBERS', P .. 'h:' .. key), waiting, is_closed and text_of(at) or '' }
end
return reply
