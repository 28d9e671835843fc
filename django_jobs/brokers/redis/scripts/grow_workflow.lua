-- Stores nodes that a running node adds to its workflow, and edges between them. They wait for the end of its attempt.
--
-- Parts: expect, members, nodes.
-- KEYS[1]: prefix. ARGV: name of the sender, number of its push, id of the workflow, id of the node that adds, token of its
--   claim, 1 if the call begins with this portion, 1 if it ends with it; number of nodes, nodes and edges as of `add_nodes.lua`.
-- Returns 'stored'; 'ended' if the workflow is cancelled or unknown, or the node does not run under this claim; 'unfinished'
--   if another call of the attempt has stored only a part of its nodes; 0 as `push.lua`.
-- Invariant: a copy of a call changes nothing. `A` of the node that adds says how many nodes of its attempt are whole calls.
local workflow, adder, token = ARGV[3], ARGV[4], ARGV[5]
local is_first, is_last, nodes = ARGV[6] == '1', ARGV[7] == '1', tonumber(ARGV[8])
local attempt = adder .. ':' .. token

local function takes_nodes()
  local said = read_batch(workflow)
  if not (said and said.workflow) or said.cancelled then return false end
  local state, last_token, of_workflow = unpack(read(adder, 's', 'n', 'B'), 1, 3)
  return state == 'running' and last_token == token and of_workflow == workflow
end

-- Returns how many nodes the attempt has added in whole calls. What an earlier one has added is forgotten.
local function whole_calls()
  local added = read(adder, 'A')[1]
  local of_token, number = added_by(added or '')
  if of_token == token then return number end
  if added then end_additions(adder, added) end
  return 0
end

expect_lists_of_queues()
local last, number = tonumber(redis.call('ZSCORE', P .. 'pushes', ARGV[1]) or 0), tonumber(ARGV[2])
if last > number then return 0 end
if last == number then return 'stored' end
if not takes_nodes() then return 'ended' end
local whole = whole_calls()
if is_first and size('LLEN', edges_of('added', attempt)) ~= whole then return 'unfinished' end
local _, edges = store_nodes(9, nodes, edges_of('added', attempt))
store_edges(edges)
if is_last then whole = redis.call('LLEN', P .. edges_of('added', attempt)) end
redis.call('HSET', P .. 'j:' .. adder, 'A', string.format('%s:%d', token, whole))
redis.call('ZADD', P .. 'pushes', ARGV[2], ARGV[1])
return 'stored'
