-- Repairs what does not fit together in a portion of the keys, or of a collection's members.
--
-- Parts: full, examining, batch_work.
-- KEYS[1]: prefix. ARGV: as of `examine.lua`. Returns what was repaired, as `examine.lua` does.
-- Invariant: what is found at a name is repaired before the next name is looked at.
local reply = go_through(function(finding)
  local repair = finding[4]
  if repair then repair() end
  return repair
end)
work_on_batches()
return reply
