-- How the members of cancelled batches are known.
-- Parts: member_notes.

local cancelled_batches = {} -- by id of a batch: whether it is cancelled

local function is_batch_cancelled(batch)
  if cancelled_batches[batch] == nil then
    cancelled_batches[batch] = type(redis.pcall('HGET', P .. 'c:' .. batch, 'cancelled')) == 'string'
  end
  return cancelled_batches[batch]
end

-- Tells whether a member belongs to a cancelled batch, and notes its end. It must be taken out of its queue before.
local function is_called_off(id, batch)
  if is_batch_cancelled(batch) then member_notes[#member_notes + 1] = { 'called_off', id, batch } end
  return is_batch_cancelled(batch)
end
