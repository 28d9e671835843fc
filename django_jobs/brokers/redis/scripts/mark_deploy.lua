-- Stores the mark of a deploy, unless it is stored already: the same label at about the same time.
--
-- KEYS[1]: prefix. ARGV: when it was in ms, label. Returns when the stored mark with this label was.
-- Invariant: each member begins with its score.
local key, at = P .. 'deploys', tonumber(ARGV[1])
local near = redis.call('ZRANGEBYSCORE', key, at - SAME_DEPLOY_MS, at + SAME_DEPLOY_MS)
for _, member in ipairs(near) do
  local time, label = string.match(member, '^(%d+):(.+)$')
  if label == ARGV[2] then return time end
end
redis.call('ZADD', key, ARGV[1], ARGV[1] .. ':' .. ARGV[2])
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - DEPLOYS_KEPT_MS - 1)
redis.call('ZREMRANGEBYRANK', key, 0, -DEPLOYS_KEPT - 1)
redis.call('PEXPIRE', key, DEPLOYS_KEPT_MS)
return ARGV[1]
