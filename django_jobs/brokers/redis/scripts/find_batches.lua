-- Reads batches or workflows: some by their ids, or a page of all, newest first.
--
-- KEYS[1]: prefix. ARGV: batches or workflows, limit, which may be 0, when the last one of the page before was opened and its
--   id, or '' and ''; or that, '', '', '', ids.
-- Returns {how many there are, how many of them have not ended, how many come before the page, ids, fields and values of each}.
local list, limit, opened, last = P .. ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]

-- Returns how many are listed up to the end of the page before, whose last one may be forgotten.
local function first()
  if last == '' then return 0 end
  local rank = redis.call('ZREVRANK', list, last)
  return rank and rank + 1 or redis.call('ZCOUNT', list, '(' .. opened, '+inf')
end

local ids, before = { unpack(ARGV, 5) }, first()
if limit and limit > 0 then -- to -1 would be to the last one
  ids = redis.call('ZREVRANGE', list, before, before + limit - 1)
end
local found = {}
for i, id in ipairs(ids) do
  local got = redis.pcall('HGETALL', P .. 'c:' .. id)
  found[i] = got.err and {} or got
end
local ended = ARGV[1] == 'workflows' and 'workflow_expiries' or 'batch_expiries'
local every = redis.call('ZCARD', list)
return { every, every - redis.call('ZCARD', P .. ended), before, ids, found }
