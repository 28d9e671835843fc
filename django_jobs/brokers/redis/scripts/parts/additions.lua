-- The nodes that running nodes add to their workflow: what becomes of them, and of those that have added them.
-- Parts: expect, fields, edges.
-- Entered by: enter_batches.
--
-- `A` of a node is `<token>:<number>`: which attempt has added nodes, and how many. They are in k:added:<node>:<token>.
-- `G` is `<open>:<failed>`: how many of the nodes that it has added are not over, and how many have failed.

-- By event of a node that has added others: by how much the end, or the return, of one of those changes its `G`.
local ADDED = { added_success = { -1, 0 }, added_failure = { -1, 1 }, added_back = { 1, -1 } }

local function has_edges(kind, id)
  return redis.call('EXISTS', P .. edges_of(kind, id)) == 1
end

-- Notes that a node is over: it has ended, and so have all that it has added.
local function node_is_over(id, succeeded, adder)
  if redis.call('EXISTS', P .. edges_of('success', id), P .. edges_of('end', id)) > 0 then
    if has_edges('success', id) then note_event(succeeded and 'success' or 'failure', id) end
    if has_edges('end', id) then note_event('end', id) end
  end
  if adder then note_event(succeeded and 'added_success' or 'added_failure', adder) end
end

-- Notes that a node that had failed goes on.
local function node_goes_on(id, adder)
  if has_edges('success', id) then note_event('back', id) end
  if adder then note_event('added_back', adder) end
end

-- Reads `A`: token and number; nothing if it is unreadable.
local function added_by(added)
  local token, number = string.match(added, '^(%d+):(%d+)$')
  return token, tonumber(number)
end

-- Lets what the attempts of a node have added join its workflow, if the attempt of this token has succeeded, or else be
-- forgotten. Returns how many nodes join.
local function end_additions(id, added, token)
  local of_token, number = added_by(added)
  local kept = of_token == token and number or 0
  if of_token then note_event('added', string.format('%s:%s:%d', id, of_token, kept)) end
  redis.call('HDEL', P .. 'j:' .. id, 'A')
  if kept > 0 then redis.call('HSET', P .. 'j:' .. id, 'G', kept .. ':0') end
  return kept
end

-- Reads `G`: how many are open, and how many have failed; nothing if it is unreadable.
local function counts_of_added(text)
  local open, failed = string.match(text, '^(%d+):(%d+)$')
  return tonumber(open), tonumber(failed)
end

local function outcome(open, failed)
  if open > 0 then return 'open' end
  return failed > 0 and 'failed' or 'succeeded'
end

-- Changes the counts of a node that has added others, and notes what follows for itself.
local function added_changed(id, open_by, failed_by)
  local said, adder = unpack(read(id, 'G', 'P'), 1, 2)
  local open, failed = counts_of_added(said or '')
  if not open then return end -- deleted, or damaged
  local before, open_now, failed_now = outcome(open, failed), math.max(0, open + open_by), math.max(0, failed + failed_by)
  redis.call('HSET', P .. 'j:' .. id, 'G', string.format('%d:%d', open_now, failed_now))
  local after = outcome(open_now, failed_now)
  if before == after then return end
  if before == 'failed' then node_goes_on(id, adder) end
  if after ~= 'open' then node_is_over(id, after == 'succeeded', adder) end
end
