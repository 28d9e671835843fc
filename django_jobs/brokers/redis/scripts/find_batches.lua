-- Reads batches or workflows: some by their ids, or a page of all, newest first.
--
-- KEYS[1]: prefix. ARGV: batches or workflows, offset, limit, which may be 0; or that, '', '', ids.
-- Returns {how many there are, how many of them have not ended, ids, fields and values of each}.
local ids = { unpack(ARGV, 4) }
local first, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
if first and limit > 0 then -- to -1 would be to the last one
  ids = redis.call('ZREVRANGE', P .. ARGV[1], first, first + limit - 1)
end
local found = {}
for i, id in ipairs(ids) do
  local got = redis.pcall('HGETALL', P .. 'c:' .. id)
  found[i] = got.err and {} or got
end
local ended = ARGV[1] == 'workflows' and 'workflow_expiries' or 'batch_expiries'
local every = redis.call('ZCARD', P .. ARGV[1])
return { every, every - redis.call('ZCARD', P .. ended), ids, found }
