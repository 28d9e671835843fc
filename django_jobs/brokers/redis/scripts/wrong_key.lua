-- Finds a key of another type than its own, after a command was refused for it.
--
-- Parts: findings, fields.
-- KEYS[1]: prefix. ARGV: most queues and workers to look at. Returns its name, its type and its own one, or
--   nothing if there is none among the lists, the queues and the workers.
local function wrong(name)
  if is_of_wrong_type(name) then
    return { P .. name, redis.call('TYPE', P .. name).ok, KEY_TYPES[family(name)] }
  end
end

local function first_wrong(names, families)
  for n = 1, math.min(#names, tonumber(ARGV[1])) do
    for _, letter in ipairs(families) do
      local found = wrong(letter .. names[n])
      if found then return found end
    end
  end
end

for name in pairs(KEY_TYPES) do
  if string.sub(name, -1) ~= ':' then
    local found = wrong(name)
    if found then return found end
  end
end
return wrong('m:*') or first_wrong(redis.call('SUNION', P .. 'queues', P .. 'paused'), { 'q:', 'm:' })
  or first_wrong(redis.call('ZRANGE', P .. 'leases', 0, -1), { 'f:', 'w:', 'b:', 'd:' })
