-- Looks at a portion of the keys of a limit for which jobs wait.
--
-- KEYS[1]: prefix. ARGV: id of the limit, a text in percent encoding, so without any sign that means more than itself,
--   and where to go on, at first 0. Returns where to go on, 0 at the end, and the keys whose values have the text.
local reply = redis.call('ZSCAN', P .. 'g:' .. ARGV[1], ARGV[3], 'MATCH', '*:*' .. ARGV[2] .. '*', 'COUNT', 1000)
local keys = {}
for i = 1, #reply[2], 2 do keys[#keys + 1] = reply[2][i] end
return { reply[1], keys }
