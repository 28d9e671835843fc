-- How the members of cancelled batches are found when their turn is.
-- Parts: member_notes.

local cancelled_batches = {} -- by id of a batch: whether it is cancelled

-- Tells whether a member belongs to a cancelled batch, and notes its end. It must be taken out of its queue before.
local function is_called_off(id, batch)
  if cancelled_batches[batch] == nil then
    cancelled_batches[batch] = type(redis.pcall('HGET', P .. 'c:' .. batch, 'cancelled')) == 'string'
  end
  if cancelled_batches[batch] then member_notes[#member_notes + 1] = { 'called_off', id, batch } end
  return cancelled_batches[batch]
end
