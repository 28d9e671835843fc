-- How the nodes of a workflow are stored, and the edges between them.
-- Parts: expect, fields, edges.
-- Entered by: enter_batches.

-- Stores a node that begins with an argument, and lists it. Returns the argument behind it, and whether it is new.
local function store_node(i, list)
  local id, number = ARGV[i], tonumber(ARGV[i + 2])
  local next_node, job = i + 3 + number, P .. 'j:' .. id
  if redis.call('EXISTS', job) == 1 then return next_node, false end
  redis.call('HSET', job, 's', 'waiting', unpack(ARGV, i + 3, next_node - 1))
  wait_in_queue(id)
  redis.call('RPUSH', P .. list, id)
  return next_node, true
end

-- Stores so many nodes, from an argument on. Returns how many are new, and the argument behind them.
local function store_nodes(i, nodes, list)
  local added = 0
  for _ = 1, nodes do
    local is_new
    i, is_new = store_node(i, list)
    if is_new then added = added + 1 end
  end
  return added, i
end

-- Stores edges, from an argument on: kind, source, target of each.
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
