-- Which batches are workflows, whose members wait for each other.

local known = {} -- by id of a batch: whether it is one

local function is_workflow(batch)
  if not batch or batch == '' then return false end
  if known[batch] == nil then
    known[batch] = type(redis.pcall('HGET', P .. 'c:' .. batch, 'workflow')) == 'string'
  end
  return known[batch]
end
