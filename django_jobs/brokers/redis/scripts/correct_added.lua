-- Sets how many of the nodes that a node has added are not over, unless that has changed. What is missing counts as failed.
--
-- Parts: full, expect, fields, many, places, locks, retention, additions, members, following.
-- KEYS[1]: prefix. ARGV: id, what it says of them, how many are not over, 1 to write it.
-- Returns 1 if it still says so, and no events are left that may change it.
local id, said, number = ARGV[1], ARGV[2], tonumber(ARGV[3])
if read(id, 'G')[1] ~= said or redis.call('EXISTS', P .. 'happened') == 1 then return 0 end
if ARGV[4] ~= '1' then return 1 end
local open = counts_of_added(said)
if open then
  added_changed(id, number - open, math.max(0, open - number))
else
  redis.call('HSET', P .. 'j:' .. id, 'G', string.format('%d:0', number))
end
follow_edges()
return 1
