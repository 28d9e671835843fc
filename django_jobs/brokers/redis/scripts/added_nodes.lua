-- Finds the nodes that others have added, and those that have added others, in a portion of the keys.
--
-- Parts: fields, additions.
-- KEYS[1]: prefix. ARGV: where to begin, how many keys to look at.
-- Returns where the next portion begins ('0' for nowhere); ids of added nodes that are not over, and of those that have
--   failed, each followed by that of the node that has added it; ids of nodes that have added others, each followed by what
--   it says of these.
local pattern = string.gsub(P, '[%[%]*?\\]', '\\%0') .. 'j:*'
local found = redis.call('SCAN', ARGV[1], 'MATCH', pattern, 'COUNT', ARGV[2])
local open, failed, said = {}, {}, {}
for _, key in ipairs(found[2]) do
  local id = string.sub(key, #P + 3)
  local state, workflow, adder, added = unpack(read(id, 's', 'B', 'P', 'G'), 1, 4)
  local its_open, its_failed = counts_of_added(added or '')
  if workflow and adder then
    local is_open = not is_one_of(state, ENDED) or (its_open or 0) > 0
    local list = is_open and open or (state ~= 'succeeded' or (its_failed or 0) > 0) and failed
    if list then
      list[#list + 1], list[#list + 2] = id, adder
    end
  end
  if added then
    said[#said + 1], said[#said + 2] = id, added
  end
end
return { found[1], open, failed, said }
