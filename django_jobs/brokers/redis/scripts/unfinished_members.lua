-- Finds the members of batches that have not ended, in a portion of the keys.
--
-- Parts: fields.
-- KEYS[1]: prefix. ARGV: where to begin, how many keys to look at.
-- Returns where the next portion begins ('0' for nowhere); ids of members, each followed by its batch.
local pattern = string.gsub(P, '[%[%]*?\\]', '\\%0') .. 'j:*'
local found = redis.call('SCAN', ARGV[1], 'MATCH', pattern, 'COUNT', ARGV[2])
local members = {}
for _, key in ipairs(found[2]) do
  local id = string.sub(key, #P + 3)
  local state, batch = unpack(read(id, 's', 'B'), 1, 2)
  if state and batch and not is_one_of(state, ENDED) then
    members[#members + 1], members[#members + 2] = id, batch
  end
end
return { found[1], members }
