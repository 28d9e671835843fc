-- Stores a command for a worker, which its heartbeats bring it.
--
-- Parts: full.
-- KEYS[1]: prefix. ARGV: worker, command. Returns 1, or 0 if there is no such worker.
if redis.call('EXISTS', P .. 'w:' .. ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', P .. 'commands', ARGV[1], ARGV[2])
return 1
