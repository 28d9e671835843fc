-- Reads the counts of a page of all batches, or of all workflows.
--
-- KEYS[1]: prefix. ARGV: batches or workflows, offset, limit. Returns id, number of open members, how often the counts were written, of each.
local counts = {}
for i, batch in ipairs(redis.pcall('ZRANGE', P .. ARGV[1], ARGV[2], ARGV[2] + ARGV[3] - 1)) do
  local got = redis.pcall('HMGET', P .. 'c:' .. batch, 'open', 'counted')
  counts[3 * i - 2], counts[3 * i - 1], counts[3 * i] = batch, got[1] or '0', got[2] or '0'
end
return counts
