-- Repairs what does not fit together in a portion of the keys, or of a collection's members.
--
-- Parts: full, examining.
-- KEYS[1]: prefix. ARGV: as of `examine.lua`. Returns what was repaired, as `examine.lua` does.
-- Invariant: what is found at a name is repaired before the next name is looked at.
return go_through(function(finding)
  local repair = finding[4]
  if repair then repair() end
  return repair
end)
