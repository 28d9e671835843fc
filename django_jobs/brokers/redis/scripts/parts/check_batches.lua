-- What can be wrong with a batch or a workflow.
-- Parts: findings, fields, additions, members.

local function check_batch(name, batch)
  enter_batches()
  local said = read_batch(batch)
  if not said then
    report('unreadable_value', name, 'no batch', removal_of(name))
    return
  end
  local function stuck(detail, repair)
    report('stuck_batch', batch, detail, repair)
  end
  local list = said.workflow and 'workflows' or 'batches'
  if not peek('ZSCORE', list, batch) then
    stuck('it is not listed', function()
      redis.call('ZADD', P .. list, tonumber(said.opened) or now, batch)
    end)
  end
  if said.held and not peek('ZSCORE', 'held', batch) then
    stuck('it would be open forever', function() redis.call('ZADD', P .. 'held', now + BATCH_HELD_MS, batch) end)
  end
  local is_over = not said.held and not is_positive(said.open)
  if is_over ~= (said.ended ~= nil) or is_over and not said.happened_end then
    stuck('its end was not noted', function() look_at_batch(batch) end)
  elseif is_over and not peek('ZSCORE', expiries_of(said), batch) then
    stuck('it would be kept forever', function() redis.call('ZADD', P .. expiries_of(said), now + BATCH_KEPT_MS, batch) end)
  end
  for _, event in ipairs(EVENTS) do
    local name = event .. ':' .. batch
    if said['happened_' .. event] and exists(edges_of(event, batch)) and not peek('LPOS', 'happened', name) then
      stuck('nobody follows its ' .. event, function() note_event(event, batch) end)
    end
  end
end

-- Looks at the list of the nodes that an attempt has added.
local function check_added(name, attempt)
  local adder, token = string.match(attempt, '^(.+):(%d+)$')
  local is_known = adder and added_by(read(adder, 'A')[1] or '') == token
  if is_known or exists('happened') then return end
  report('stray_key', name, 'the attempt ' .. attempt, adder and function()
    note_event('added', attempt .. ':0')
  end or removal_of(name))
end

-- Looks at a list of jobs that wait for an event of a batch or a node.
local function check_edges(name, rest)
  enter_batches()
  local event, source = string.match(rest, '^(%l+):(.+)$')
  if event == 'added' then return check_added(name, source) end
  source = source or ''
  if redis.call('PTTL', P .. name) >= 0 then return end -- what a node has needed, while that is kept
  if not (exists('c:' .. source) or exists('j:' .. source) or exists('happened')) then
    report('stray_key', name, 'the batch or job ' .. source, removal_of(name))
  end
end

-- Looks at the list of the nodes of a workflow.
local function check_nodes(name, workflow)
  enter_batches()
  if not (exists('c:' .. workflow) or exists('happened')) then
    report('stray_key', name, 'the workflow ' .. workflow, function() note_event('gone', workflow) end)
  end
end
