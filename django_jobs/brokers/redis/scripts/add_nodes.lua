-- Stores nodes of a workflow, and edges between them, unless the workflow is sealed.
--
-- Parts: expect, members.
-- KEYS[1]: prefix. ARGV: name of the sender, number of its push, id of the workflow, number of nodes; of each its id, when
--   it was enqueued, the number of its fields and their values, these; then edges: kind, source, target of each.
-- Returns 'stored'; 'unknown' if there is no such workflow; 0 as `push.lua`.
-- Invariant: a copy of a call changes nothing.
local workflow, nodes = ARGV[3], tonumber(ARGV[4])

-- Stores a node that begins with an argument. Returns the argument behind it, and whether it is new.
local function store_node(i)
  local id, number = ARGV[i], tonumber(ARGV[i + 2])
  local next_node, job = i + 3 + number, P .. 'j:' .. id
  if redis.call('EXISTS', job) == 1 then return next_node, false end
  redis.call('HSET', job, 's', 'waiting', unpack(ARGV, i + 3, next_node - 1))
  wait_in_queue(id)
  redis.call('RPUSH', P .. 'i:' .. workflow, id)
  return next_node, true
end

local function store_nodes()
  local i, added = 5, 0
  for _ = 1, nodes do
    local is_new
    i, is_new = store_node(i)
    if is_new then added = added + 1 end
  end
  count(workflow, 'total', added)
  count(workflow, 'open', added)
  return i
end

local function store_edges(first)
  local open = {}
  for i = first, #ARGV, 3 do
    local target = ARGV[i + 2]
    redis.call('RPUSH', P .. edges_of(ARGV[i], ARGV[i + 1]), target)
    redis.call('RPUSH', P .. edges_of('needs', target), ARGV[i] .. ':' .. ARGV[i + 1])
    open[target] = (open[target] or 0) + 1
  end
  for target, number in pairs(open) do redis.call('HINCRBY', P .. 'j:' .. target, 'E', number) end
end

expect_lists_of_queues()
expect('ZCARD', 'held')
local last, number = tonumber(redis.call('ZSCORE', P .. 'pushes', ARGV[1]) or 0), tonumber(ARGV[2])
if last > number then return 0 end
if last == number then return 'stored' end
local said = read_batch(workflow)
if not (said and said.workflow) then return 'unknown' end
if said.held then
  store_edges(store_nodes())
  count_members()
  redis.call('ZADD', P .. 'held', 'XX', now + BATCH_HELD_MS, workflow)
end
redis.call('ZADD', P .. 'pushes', ARGV[2], ARGV[1])
return 'stored'
