-- Stores nodes of a workflow, and edges between them, unless the workflow is sealed.
--
-- Parts: expect, members, nodes.
-- KEYS[1]: prefix. ARGV: name of the sender, number of its push, id of the workflow, number of nodes; of each its id, when
--   it was enqueued, the number of its fields and their values, these; then edges: kind, source, target of each.
-- Returns 'stored'; 'unknown' if there is no such workflow; 0 as `push.lua`.
-- Invariant: a copy of a call changes nothing.
local workflow, nodes = ARGV[3], tonumber(ARGV[4])

expect_lists_of_queues()
expect('ZCARD', 'held')
local last, number = tonumber(redis.call('ZSCORE', P .. 'pushes', ARGV[1]) or 0), tonumber(ARGV[2])
if last > number then return 0 end
if last == number then return 'stored' end
local said = read_batch(workflow)
if not (said and said.workflow) then return 'unknown' end
if said.held then
  local added, edges = store_nodes(5, nodes, 'i:' .. workflow)
  store_edges(edges)
  count(workflow, 'total', added)
  count(workflow, 'open', added)
  count_members()
  redis.call('ZADD', P .. 'held', 'XX', now + BATCH_HELD_MS, workflow)
end
redis.call('ZADD', P .. 'pushes', ARGV[2], ARGV[1])
return 'stored'
