-- Reads the marks of deploys since a time.
--
-- KEYS[1]: prefix. ARGV: that time in ms. Returns `<ms>:<label>` of each, the oldest first.
local found = redis.pcall('ZRANGEBYSCORE', P .. 'deploys', ARGV[1], '+inf')
return found.err and {} or found -- where somebody else wrote under the key, nothing was marked
