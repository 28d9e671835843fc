-- The work that batches make in a call: its functions are created only if there is some.
-- Parts: expect, fields, many, places, locks, retention, member_notes, members, following.

local has_more_events = false -- whether edges are left to the next call

-- Counts what happened to members in this call, and follows edges. Returns whether there was anything to do.
local function work_on_batches()
  if #member_notes == 0 and (size('LLEN', 'happened') or 0) == 0 then return false end
  enter_batches()
  has_more_events = follow_edges() and (size('LLEN', 'happened') or 0) > 0
  return true
end
