-- Reads the last claimed tick of each periodic task.
--
-- Parts: ticks.
-- KEYS[1]: prefix. Returns name, tick, name …
local stored, answer = redis.call('HGETALL', P .. 'ticks'), {}
for i = 1, #stored, 2 do
  if is_tick(stored[i + 1]) then
    answer[#answer + 1], answer[#answer + 2] = stored[i], stored[i + 1]
  end
end
return answer
