-- Reads the tasks that a worker did not know lately.
--
-- KEYS[1]: prefix. Returns name, when a job of it was postponed last, name …, by name.
local found = redis.call('ZRANGEBYSCORE', P .. 'postponed', now - POSTPONED_SEEN_MS, '+inf', 'WITHSCORES')
local names, at, reply = {}, {}, {}
for i = 1, #found, 2 do
  names[#names + 1], at[found[i]] = found[i], found[i + 1]
end
table.sort(names)
for _, name in ipairs(names) do
  reply[#reply + 1], reply[#reply + 2] = name, at[name]
end
return reply
