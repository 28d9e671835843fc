-- Sets how many of the nodes that a node has added are not over, and how many have failed, unless that has changed. What is
-- missing counts as failed. More may have failed than are left to be counted, as an operator may delete them.
--
-- Parts: full, expect, fields, many, places, locks, retention, additions, members, following.
-- KEYS[1]: prefix. ARGV: id, what it says of them, how many are not over, how many have failed, 1 to write it.
-- Returns 1 if it still says so, and no events are left that may change it.
local id, said, number, failures = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if read(id, 'G')[1] ~= said or redis.call('EXISTS', P .. 'happened') == 1 then return 0 end
if ARGV[5] ~= '1' then return 1 end
local open, failed = counts_of_added(said)
local missing = open and math.max(0, open - number) or 0
if not open then -- as if one more were open, so that it is noted if none is
  open, failed = number + 1, failures
  redis.call('HSET', P .. 'j:' .. id, 'G', string.format('%d:%d', open, failed))
end
added_changed(id, number - open, math.max(failed + missing, failures) - failed)
follow_edges()
return 1
