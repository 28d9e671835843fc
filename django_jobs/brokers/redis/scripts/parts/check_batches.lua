-- What can be wrong with a batch.
-- Parts: findings, fields, members.

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
  if not peek('ZSCORE', 'batches', batch) then
    stuck('it is not listed', function()
      redis.call('ZADD', P .. 'batches', tonumber(said.opened) or now, batch)
    end)
  end
  if said.held and not peek('ZSCORE', 'held', batch) then
    stuck('it would be open forever', function() redis.call('ZADD', P .. 'held', now + BATCH_HELD_MS, batch) end)
  end
  local is_over = not said.held and not is_positive(said.open)
  if is_over ~= (said.ended ~= nil) or is_over and not said.happened_end then
    stuck('its end was not noted', function() look_at_batch(batch) end)
  elseif is_over and not peek('ZSCORE', 'batch_expiries', batch) then
    stuck('it would be kept forever', function() redis.call('ZADD', P .. 'batch_expiries', now + BATCH_KEPT_MS, batch) end)
  end
  for _, event in ipairs(EVENTS) do
    local name = event .. ':' .. batch
    if said['happened_' .. event] and exists(edges_of(event, batch)) and not peek('LPOS', 'happened', name) then
      stuck('nobody follows its ' .. event, function() note_event(event, batch) end)
    end
  end
end

-- Looks at a list of jobs that wait for an event of a batch.
local function check_edges(name, rest)
  local batch = string.match(rest, '^%l+:(.+)$')
  if not (batch and exists('c:' .. batch)) then
    report('stray_key', name, 'the batch ' .. (batch or ''), removal_of(name))
  end
end
