-- Reads jobs.
--
-- Parts: expect, retention, locks, waiters.
-- KEYS[1]: prefix. ARGV: 0 for all failures or -1 for the last one; ids.
-- Returns for each id its fields and values, its failures, its due time or '', 1 if it is to be cancelled, the id of the
--   job that was found, which is another one if the id is an alias, the id of the job that holds its lock or '',
--   its state or '', and the key for which it waits or ''.
-- Reads all of a key, or nothing if something else stands there.
local function whole(command, name, ...)
  local got = redis.pcall(command, P .. name, ...)
  return got.err and {} or got
end

-- Returns the job that holds the lock of another one, also if it loses that to the next call.
local function lock_holder(fields)
  for i = 1, #fields, 2 do
    local digest = fields[i] == 'l' and digest_of(fields[i + 1])
    if digest then
      local holder, _, is_kept = noted(digest)
      return holder and (is_kept or needs_lock(holder, digest)) and holder or ''
    end
  end
  return ''
end

-- Returns the state of a job, and the key for whose slot it waits, or ''.
local function state_and_key(id, fields)
  local named = {}
  for i = 1, #fields, 2 do named[fields[i]] = fields[i + 1] end
  local state = state_of(id, named.s, named.q, named.x)
  for _, key in ipairs(limits_of(state == 'waiting' and named.x or '')) do
    local place = redis.pcall('ZSCORE', P .. waiters_of(key, named.q or ''), id)
    if type(place) == 'string' then return state, key.text end
  end
  return state or '', ''
end

sweep(100)
local are_cancelled = (size('SCARD', 'cancelled') or 0) > 0
local reply = {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local fields = whole('HGETALL', 'j:' .. id)
  if #fields == 0 then
    id = merged_with(id) or id
    fields = whole('HGETALL', 'j:' .. id)
  end
  local due = redis.call('ZSCORE', P .. 's:scheduled', id) or redis.call('ZSCORE', P .. 's:retrying', id)
  local is_cancelled = are_cancelled and redis.call('SISMEMBER', P .. 'cancelled', id) or 0
  reply[i - 1] = {
    fields, whole('LRANGE', 'e:' .. id, ARGV[1], -1), due or '', is_cancelled, id, lock_holder(fields),
    state_and_key(id, fields)
  }
end
return reply
