-- Reads the keys of a limit that are closed until one time, of the first thousand that are.
--
-- KEYS[1]: prefix. ARGV: id of the limit, a time.
local found, prefix = {}, ARGV[1] .. ':'
for _, key in ipairs(redis.call('ZRANGEBYSCORE', P .. 'closed', ARGV[2], ARGV[2], 'LIMIT', 0, 1000)) do
  if string.sub(key, 1, #prefix) == prefix then found[#found + 1] = key end
end
return found
