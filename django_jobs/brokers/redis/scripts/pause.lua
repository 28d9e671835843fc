-- Pauses a queue, or resumes it.
--
-- Parts: full, expect, places.
-- KEYS[1]: prefix. ARGV: queue, 1 to pause or 0 to resume.
expect_queue(ARGV[1])
if ARGV[2] == '1' then
  redis.call('SADD', P .. 'paused', ARGV[1])
  redis.call('DEL', P .. 'm:' .. ARGV[1])
else
  redis.call('SREM', P .. 'paused', ARGV[1])
  if redis.call('EXISTS', P .. 'q:' .. ARGV[1], P .. 'o:' .. ARGV[1]) > 0 then
    mark(ARGV[1])
  end
end
return redis.status_reply('OK')
