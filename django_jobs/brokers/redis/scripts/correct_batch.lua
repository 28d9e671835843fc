-- Sets the number of open members of a batch, unless its counts have changed. What is missing counts as discarded.
--
-- Parts: full, expect, fields, many, places, locks, retention, members, following.
-- KEYS[1]: prefix. ARGV: id, how often its counts had been written, number of open members, 1 to write it.
-- Returns 1 if its counts have not changed, and no events are left that may change what they count.
local batch, number = ARGV[1], tonumber(ARGV[3])
local got = redis.pcall('HMGET', P .. 'c:' .. batch, 'open', 'counted')
if got.err then return 0 end
local open, counted = unpack(got)
if (counted or '0') ~= ARGV[2] or redis.call('EXISTS', P .. 'happened') == 1 then return 0 end
if ARGV[4] ~= '1' then return 1 end
local missing = math.max(0, (tonumber(open) or 0) - number)
count(batch, 'open', number - (tonumber(open) or 0))
count(batch, 'discarded', missing)
count(batch, 'missed', missing)
count_members()
follow_edges()
return 1
