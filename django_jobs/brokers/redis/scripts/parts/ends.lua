-- How jobs end, and when what is known of them is forgotten.
-- Parts: expect, fields, many.

-- Makes sure of all that ended jobs are listed in.
local function expect_lists_of_ended()
  for _, state in ipairs(ENDED) do
    expect('ZCARD', 's:' .. state)
  end
  expect('ZCARD', 'expiries')
end

local function forget(ids)
  for _, id in ipairs(ids) do
    redis.call('UNLINK', P .. 'j:' .. id, P .. 'e:' .. id)
  end
  with_many('ZREM', P .. 'expiries', ids)
end

-- Forgets ended jobs whose time is over, a portion at a time.
local function sweep(portion)
  local over = redis.call('ZRANGEBYSCORE', P .. 'expiries', '-inf', now, 'LIMIT', 0, portion)
  for _, id in ipairs(over) do
    local state = read(id, 's')[1]
    if state then
      redis.call('ZREM', P .. 's:' .. state, id)
    end
  end
  forget(over)
end

-- Puts ended jobs into the index of their state, and forgets the oldest ones above the limit. Takes
-- when they ended and when they are to be forgotten, each time before its id.
local function finish(state, ended, expiries)
  local index = P .. 's:' .. state
  with_many('ZADD', index, ended)
  with_many('ZADD', P .. 'expiries', expiries)
  local excess = redis.call('ZCARD', index) - KEPT[state]
  if excess > 0 then
    local oldest = redis.call('ZRANGE', index, 0, excess - 1)
    redis.call('ZREMRANGEBYRANK', index, 0, excess - 1)
    forget(oldest)
  end
end

local function finish_one(id, state)
  finish(state, { now, id }, { now + KEPT_MS[state], id })
end

-- Replaces what somebody else wrote in the place of the failures: it must not keep the job from its end.
local function add_failure(id, failure)
  if failure == '' then return end
  local failures = P .. 'e:' .. id
  if not could('RPUSH', failures, failure) then
    redis.call('UNLINK', failures)
    redis.call('RPUSH', failures, failure)
  end
  redis.call('LTRIM', failures, -FAILURES_KEPT, -1)
end

-- Writes a failure that no worker reported.
local function failure_of(exception, message, worker, attempt)
  return cjson.encode({ exception, message, '', now, worker, attempt })
end

-- Ends a job as dead with a failure.
local function end_as_dead(id, failure)
  add_failure(id, failure)
  redis.call('HSET', P .. 'j:' .. id, 's', 'dead', 'f', now)
  finish_one(id, 'dead')
end
