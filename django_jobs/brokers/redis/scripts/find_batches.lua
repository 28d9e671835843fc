-- Reads batches: some by their ids, or a page of all, newest first.
--
-- KEYS[1]: prefix. ARGV: offset, limit; or '', '', ids.
-- Returns {how many there are, how many of them have ended, ids, fields and values of each}.
local ids = { unpack(ARGV, 3) }
if ARGV[1] ~= '' then
  local first = tonumber(ARGV[1])
  ids = redis.call('ZREVRANGE', P .. 'batches', first, first + ARGV[2] - 1)
end
local found = {}
for i, id in ipairs(ids) do
  local got = redis.pcall('HGETALL', P .. 'c:' .. id)
  found[i] = got.err and {} or got
end
return { redis.call('ZCARD', P .. 'batches'), redis.call('ZCARD', P .. 'batch_expiries'), ids, found }
