-- Switches a periodic task off, or on again.
--
-- Parts: full.
-- KEYS[1]: prefix. ARGV: its name, 1 for on or 0 for off.
if ARGV[2] == '1' then
  redis.call('HDEL', P .. 'off', ARGV[1])
else
  redis.call('HSETNX', P .. 'off', ARGV[1], string.format('%.0f', now))
end
return redis.status_reply('OK')
