-- Lets one process at a time move jobs out of this store.
--
-- KEYS[1]: prefix. ARGV: the process, and for how many milliseconds, or 0 to give it up.
-- Returns 1; 0 if another process holds it.
local mover = P .. 'mover'
local holder = redis.call('GET', mover)
if holder and holder ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', mover)
else
  redis.call('SET', mover, ARGV[1], 'PX', ARGV[2])
end
return 1
