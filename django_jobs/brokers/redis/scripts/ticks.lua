-- Reads the last claimed tick of each periodic task.
--
-- Parts: ticks.
-- KEYS[1]: prefix. Returns name, tick, name …
local stored, reply = redis.call('HGETALL', P .. 'ticks'), {}
for i = 1, #stored, 2 do
  if is_tick(stored[i + 1]) then
    reply[#reply + 1], reply[#reply + 2] = stored[i], stored[i + 1]
  end
end
return reply
