-- Reads the results of jobs, up to so many bytes.
--
-- KEYS[1]: prefix. ARGV: ids.
-- Returns the results of the first of them, at least of one; false for one that has not succeeded, or is unknown.
local results, bytes = {}, 0
for i, id in ipairs(ARGV) do
  local got = redis.pcall('HGET', P .. 'j:' .. id, 'v')
  results[i] = type(got) == 'string' and got
  bytes = bytes + (results[i] and #got or 0)
  if bytes >= RESULTS_BYTES_PER_CALL then break end
end
return results
