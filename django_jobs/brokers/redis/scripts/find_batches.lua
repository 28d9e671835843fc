-- Reads batches or workflows: some by their ids, or a page of all, newest first.
--
-- KEYS[1]: prefix. ARGV: batches or workflows, offset, limit; or that, '', '', ids.
-- Returns {how many there are, how many of them have not ended, ids, fields and values of each}.
local ids = { unpack(ARGV, 4) }
if ARGV[2] ~= '' then
  local first = tonumber(ARGV[2])
  ids = redis.call('ZREVRANGE', P .. ARGV[1], first, first + ARGV[3] - 1)
end
local found = {}
for i, id in ipairs(ids) do
  local got = redis.pcall('HGETALL', P .. 'c:' .. id)
  found[i] = got.err and {} or got
end
local ended = ARGV[1] == 'workflows' and 'workflow_expiries' or 'batch_expiries'
local every = redis.call('ZCARD', P .. ARGV[1])
return { every, every - redis.call('ZCARD', P .. ended), ids, found }
