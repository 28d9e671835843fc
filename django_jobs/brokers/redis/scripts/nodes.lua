-- Reads nodes of a workflow, in the order in which they were stored.
--
-- Parts: fields.
-- KEYS[1]: prefix. ARGV: id of the workflow, offset, limit.
-- Returns of each its id, task, state and the edges that lead to it, as `kind:source`; task and state are '' if it is
--   no longer kept. They end behind the node with which EDGES_READ edges are read.
local ids = redis.pcall('LRANGE', P .. 'i:' .. ARGV[1], ARGV[2], ARGV[2] + ARGV[3] - 1)
local found, edges = {}, 0
for i, id in ipairs(ids) do
  local task, said, queue, limits = unpack(read(id, 't', 's', 'q', 'x'), 1, 4)
  local needs = redis.pcall('LRANGE', P .. 'k:needs:' .. id, 0, EDGES_READ - 1)
  found[i] = { id, task or '', state_of(id, said, queue, limits) or '', needs.err and {} or needs }
  edges = edges + #needs
  if edges >= EDGES_READ then break end
end
return found
