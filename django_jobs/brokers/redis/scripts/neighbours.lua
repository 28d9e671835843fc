-- Reads to what jobs edges join a node.
--
-- KEYS[1]: prefix. ARGV: id of the node, limit.
-- Returns of what it needs, of what waits for its success, and of what waits for its end how many there are, and the
--   first of them: the edges that lead to it as `kind:source`, the others as ids.
local reply = {}
for i, event in ipairs({ 'needs', 'success', 'end' }) do
  local list = P .. 'k:' .. event .. ':' .. ARGV[1]
  local number = redis.pcall('LLEN', list)
  local is_list = type(number) == 'number'
  reply[i] = { is_list and number or 0, is_list and redis.call('LRANGE', list, 0, ARGV[2] - 1) or {} }
end
return reply
