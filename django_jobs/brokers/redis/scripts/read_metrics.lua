-- Reads what was counted of attempts in a row of periods.
--
-- KEYS[1]: prefix. ARGV: kind, length of a period in ms, numbers of the first and the last one,
--   and the only name to read, if there is one.
-- Returns number of the period, name and counts of each that has some, in a flat list.
local found = {}

local function add(number, name, counts)
  local n = #found
  found[n + 1], found[n + 2], found[n + 3] = number, name, counts
end

for number = tonumber(ARGV[3]), tonumber(ARGV[4]) do
  local key = P .. 'n:' .. ARGV[1] .. ':' .. ARGV[2] .. ':' .. number
  -- Where somebody else wrote under the key, nothing was counted.
  if ARGV[5] then
    local counts = redis.pcall('HGET', key, ARGV[5])
    if type(counts) == 'string' then add(number, ARGV[5], counts) end
  else
    local all = redis.pcall('HGETALL', key)
    for i = 1, #all, 2 do add(number, all[i], all[i + 1]) end
  end
end
return found
