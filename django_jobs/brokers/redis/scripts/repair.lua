-- Does one repair that an operator asks for.
--
-- KEYS[1]: prefix. ARGV: retry, cancel or delete; id.
-- Returns 1, or 0 if the job is in no state that permits it.
-- Invariant: a running job is left alone.
local what, id = ARGV[1], ARGV[2]
local job = P .. 'j:' .. id
local got = read(id, 's', 'q', 'p')
local state = got[1]
local WAITING = { scheduled = true, retrying = true, queued = true }
local RETRIABLE = { scheduled = true, retrying = true, dead = true, discarded = true }

local function take_out()
  if state == 'queued' then
    redis.call('ZREM', P .. 'q:' .. got[2], id)
  else
    redis.call('ZREM', P .. 's:' .. state, id)
    redis.call('ZREM', P .. 'expiries', id)
  end
end

if not state or not got[2] or state == 'running' then return 0 end
if what == 'retry' then
  if not RETRIABLE[state] then return 0 end
  take_out()
  if state == 'dead' or state == 'discarded' then
    redis.call('HDEL', job, 'k', 'c', 'b', 'm', 'f', 'w', 'v')
  end
  redis.call('HSET', job, 's', 'queued', 'u', now)
  enqueue(id, got[2], tonumber(got[3]) or 0)
  mark(got[2])
elseif what == 'cancel' then
  if not WAITING[state] then return 0 end
  take_out()
  redis.call('HSET', job, 's', 'discarded', 'f', now)
  finish(id, 'discarded', KEPT_MS.discarded)
else
  take_out()
  forget(id)
end
return 1
