-- What becomes of batches in time.
-- Parts: members.

-- Closes the batches whose block has vanished, and forgets those that ended long ago: some with each call.
local function sweep_batches()
  enter_batches()
  count_members()
  local vanished = redis.pcall('ZRANGEBYSCORE', P .. 'held', '-inf', now, 'LIMIT', 0, 100)
  for _, batch in ipairs(vanished) do
    if is_workflow(batch) then
      forget_batch(batch)
    elseif (size('HLEN', 'c:' .. batch) or 0) > 0 then
      redis.call('HSET', P .. 'c:' .. batch, 'abandoned', '1')
      close_batch(batch)
    else
      redis.call('ZREM', P .. 'held', batch)
    end
  end
  for _, expiries in ipairs({ 'batch_expiries', 'workflow_expiries' }) do
    local over = redis.pcall('ZRANGEBYSCORE', P .. expiries, '-inf', now, 'LIMIT', 0, 100)
    for _, batch in ipairs(over) do forget_batch(batch) end
  end
end
