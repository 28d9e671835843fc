-- Tells which fair keys of a queue have the longest lines.
--
-- Parts: turns.
-- KEYS[1]: prefix. ARGV: queue. Returns key, priority, rounds, key …: of each priority those with the most rounds.
local queue = ARGV[1]
local turns, reply = P .. 'v:' .. queue, {}
for_each_band(queue, function(name, first, last, claimed)
  local most = waiting_between(queue, first, last) * FAIR_STEP
  local longest = redis.call('ZREVRANGEBYSCORE', turns, last, below(claimed), 'WITHSCORES',
    'LIMIT', 0, most > 0 and FAIR_KEYS_SHOWN or 0)
  for i = 1, #longest, 2 do
    local n, ahead = #reply, math.min(tonumber(longest[i + 1]) - claimed, most)
    reply[n + 1], reply[n + 2] = string.sub(longest[i], #name + 2), tonumber(name)
    reply[n + 3] = math.ceil(ahead / FAIR_STEP)
  end
end)
return reply
