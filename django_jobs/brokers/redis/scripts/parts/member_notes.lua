-- What happens to members of batches in a call. It is only noted: `members.lua` counts it, once a call.
-- Parts: fields.

local member_notes = {} -- of each: what happens, id, batch, and more

-- Notes that a member goes to a final state. Takes the failure that its worker reported, if it did.
local function member_ended(id, batch, state, failure)
  member_notes[#member_notes + 1] = { 'ended', id, batch, state, failure }
end

-- Notes that failed edges end a node, which says so in its record.
local function node_failed(id, batch)
  member_notes[#member_notes + 1] = { 'failed', id, batch }
end

-- Notes that an operator deletes a member, whose record is still there.
local function member_deleted(id, batch, state)
  local adder, added = unpack(read(id, 'P', 'A'), 1, 2)
  member_notes[#member_notes + 1] = { 'deleted', id, batch, state, adder, added }
end

-- Notes that an ended member is retried. Takes whether its end was against its wish.
local function member_came_back(id, batch, state, missed)
  member_notes[#member_notes + 1] = { 'came_back', id, batch, state, missed }
end
