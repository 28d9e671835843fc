-- Finds the nodes that others have added, and those that have added others, in a portion of the keys.
--
-- Parts: fields, additions.
-- KEYS[1]: prefix. ARGV: where to begin, how many keys to look at.
-- Returns where the next portion begins ('0' for nowhere); ids of added nodes that are not over, each followed by that of
--   the node that has added it; ids of nodes that have added others, each followed by what it says of these.
local pattern = string.gsub(P, '[%[%]*?\\]', '\\%0') .. 'j:*'
local found = redis.call('SCAN', ARGV[1], 'MATCH', pattern, 'COUNT', ARGV[2])
local open, said = {}, {}
for _, key in ipairs(found[2]) do
  local id = string.sub(key, #P + 3)
  local state, workflow, adder, added = unpack(read(id, 's', 'B', 'P', 'G'), 1, 4)
  local is_open = not is_one_of(state, ENDED) or (counts_of_added(added or '') or 0) > 0
  if workflow and adder and is_open then
    open[#open + 1], open[#open + 2] = id, adder
  end
  if added then
    said[#said + 1], said[#said + 2] = id, added
  end
end
return { found[1], open, said }
