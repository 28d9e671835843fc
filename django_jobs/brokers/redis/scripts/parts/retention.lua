-- When what is known of ended jobs is forgotten.
-- Parts: expect, fields, many, workflows.

-- Makes sure of all that ended jobs are listed in.
local function expect_lists_of_ended()
  for _, state in ipairs(ENDED) do
    expect('ZCARD', 's:' .. state)
  end
  expect('ZCARD', 'expiries')
end

local function forget(ids)
  local keys = {}
  for n, id in ipairs(ids) do
    keys[2 * n - 1], keys[2 * n] = P .. 'j:' .. id, P .. 'e:' .. id
  end
  unlink_all(keys)
  with_many('ZREM', P .. 'expiries', ids)
end

-- Forgets ended jobs whose time is over, a portion at a time.
local function sweep(portion)
  local over = redis.call('ZRANGEBYSCORE', P .. 'expiries', '-inf', now, 'LIMIT', 0, portion)
  local by_state = {}
  for _, id in ipairs(over) do
    local state = read(id, 's')[1]
    if state then
      by_state[state] = by_state[state] or {}
      table.insert(by_state[state], id)
    end
  end
  for state, ids in pairs(by_state) do with_many('ZREM', P .. 's:' .. state, ids) end
  forget(over)
end

-- Tells whether a batch that is kept can still retry a dead job.
local function is_dead_member(id)
  local batch = read(id, 'B')[1]
  return batch and redis.call('EXISTS', P .. 'c:' .. batch) == 1
end

-- Returns those of the oldest ended jobs that are forgotten. Nodes of workflows and dead members of batches are only
-- listed no more.
local function that_nobody_keeps(ids, state)
  if redis.call('EXISTS', P .. 'workflows', P .. 'batches') == 0 then return ids end
  local others, expiries = {}, redis.call('ZMSCORE', P .. 'expiries', unpack(ids))
  for n, id in ipairs(ids) do
    local is_kept = not expiries[n] or (state == 'dead' and is_dead_member(id))
    if not is_kept then others[#others + 1] = id end
  end
  return others
end

-- Puts ended jobs into the index of their state, and forgets the oldest ones above the limit: as many, and a portion
-- of those that were above it before. Takes when they ended and when they are to be forgotten, each time before its id.
local function finish(state, ended, expiries)
  local index = P .. 's:' .. state
  with_many('ZADD', index, ended)
  with_many('ZADD', P .. 'expiries', expiries)
  local excess = math.min(redis.call('ZCARD', index) - KEPT[state], #ended / 2 + SWEEP)
  if excess > 0 then
    local oldest = redis.call('ZRANGE', index, 0, excess - 1)
    redis.call('ZREMRANGEBYRANK', index, 0, excess - 1)
    forget(that_nobody_keeps(oldest, state))
  end
end

-- Ends one job; a node is kept by its workflow.
local function finish_one(id, state, batch)
  finish(state, { now, id }, is_workflow(batch) and {} or { now + KEPT_MS[state], id })
end
