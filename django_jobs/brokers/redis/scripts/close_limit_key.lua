-- Lets a key give no slots until a time, or gives them again.
--
-- Parts: full, expect, waiters.
-- KEYS[1]: prefix. ARGV: the key, until when or ''. Returns 1, or 0 if no job has met the limit.
local key, over_at = key_of(ARGV[1]), ARGV[2]
expect_limits()
expect_lists_of_queues()
if not number_of(key.limit) then return 0 end
if over_at == '' then
  redis.call('ZREM', P .. 'closed', key.text)
else
  close_key(key, tonumber(over_at))
end
look_at({ key })
write_limits()
return 1
