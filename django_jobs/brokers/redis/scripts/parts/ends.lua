-- How jobs end, and when what is known of them is forgotten.
-- Parts: fields.

local function forget(id)
  redis.call('UNLINK', P .. 'j:' .. id, P .. 'e:' .. id)
  redis.call('ZREM', P .. 'expiries', id)
end

-- Forgets ended jobs whose time is over, a portion at a time.
local function sweep(portion)
  local over = redis.call('ZRANGEBYSCORE', P .. 'expiries', '-inf', now, 'LIMIT', 0, portion)
  for _, id in ipairs(over) do
    local state = read(id, 's')[1]
    if state then
      redis.call('ZREM', P .. 's:' .. state, id)
    end
    forget(id)
  end
end

local KEPT = { succeeded = 100000, dead = 10000, discarded = 10000 }
local KEPT_MS = { dead = 180 * 86400000, discarded = 7 * 86400000 }

-- Puts an ended job into the index of its state, and forgets the oldest one above the limit.
local function finish(id, state, kept_ms)
  if kept_ms <= 0 then
    forget(id)
    return
  end
  local index = P .. 's:' .. state
  redis.call('ZADD', index, now, id)
  redis.call('ZADD', P .. 'expiries', now + kept_ms, id)
  local excess = redis.call('ZCARD', index) - KEPT[state]
  if excess > 0 then
    local oldest = redis.call('ZPOPMIN', index, excess)
    for i = 1, #oldest, 2 do
      forget(oldest[i])
    end
  end
end

local function add_failure(id, failure)
  if failure == '' then return end
  local failures = P .. 'e:' .. id
  if type(redis.pcall('RPUSH', failures, failure)) == 'table' then -- something else stands there
    redis.call('UNLINK', failures)
    redis.call('RPUSH', failures, failure)
  end
  redis.call('LTRIM', failures, -10, -1)
end

-- Ends a job as dead for a reason that no worker reported.
local function bury(id, exception, message, worker, attempt)
  add_failure(id, cjson.encode({ exception, message, '', now, worker, attempt }))
  redis.call('HSET', P .. 'j:' .. id, 's', 'dead', 'f', now)
  finish(id, 'dead', KEPT_MS.dead)
end
