-- Describes every queue.
--
-- Parts: shapes, fields, queues.
-- KEYS[1]: prefix. Returns name, size, latency in ms, paused 0 or 1, whether it has turns 0 or 1, how many wait for
--   slots, name …
local reply, before_bound = {}, string.format('(%.0f', BEHIND_ALL)
for _, name in ipairs(known_queues()) do
  local latency = 0
  local first = redis.call('ZRANGE', P .. 'q:' .. name, 0, 0)[1]
  if first then
    local got = read(first, 'u', 'e')
    local _, enqueued_at = terms(got[2] or '')
    local since = got[1] or enqueued_at or ''
    latency = is_instant(since) and math.max(0, now - tonumber(since)) or 0
  end
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3] = name, redis.call('ZCARD', P .. 'q:' .. name), latency
  reply[n + 4] = redis.call('SISMEMBER', P .. 'paused', name)
  reply[n + 5] = redis.call('EXISTS', P .. 'v:' .. name)
  reply[n + 6] = redis.call('ZCOUNT', P .. 'y:' .. name, '-inf', before_bound)
end
return reply
