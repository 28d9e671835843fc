-- How the jobs of a push are stored or merged, or refused together, and what a copy of that push returns.
-- Parts: unique_push.

-- Calls a function for each unique job: with its number in the call, its id and its lock. The jobs begin with an argument.
local function for_each_unique(first, act)
  for_each_group(first, #ARGV, function(number, i)
    for n, lock in ipairs(locks_of(i) or {}) do act(number + n - 1, ARGV[i + n], lock) end
  end)
end

-- Tells whether a conflict refuses the call of a job.
local function is_strict(lock)
  return string.find(lock, '^[^:]+:.x0:') ~= nil
end

local function has_strict(first)
  local found = false
  for_each_unique(first, function(_, _, lock) found = found or is_strict(lock) end)
  return found
end

-- Returns the number and the id of the first job that must not be merged, and the holder of its lock or ''. The jobs
-- begin with an argument.
local function first_refused(first)
  local earlier, refused, refused_id, holder = {}, nil, nil, nil
  if not has_strict(first) then return nil end
  for_each_unique(first, function(number, id, lock)
    if refused or redis.call('EXISTS', P .. 'j:' .. id) == 1 then return end
    local digest = digest_of(lock)
    if is_strict(lock) then
      holder = holder_of(digest)
      if holder or earlier[digest] then refused, refused_id = number, id end
    end
    earlier[digest] = true
  end)
  return refused, refused_id, holder or ''
end

-- Stores or merges the jobs that begin with an argument, or none of them. Returns the reply.
local function store_calls(first)
  local refused, id, holder = first_refused(first)
  if refused then
    redis.call('SET', P .. 'a:' .. id, 'refused:' .. holder, 'PX', RESENT_MS) -- for copies of this push
    return { 'refused', refused, holder }
  end
  for_each_group(first, #ARGV, store_or_merge)
  return { 'merged', unpack(merged) }
end

-- Returns the reply to the first copy of this call, whose jobs begin with an argument.
local function recall(first)
  local refused
  for_each_unique(first, function(number, id)
    local other = merged_with(id)
    if other then
      merged[#merged + 1], merged[#merged + 2] = number, other
    else
      local holder = string.match(noted_call(id), '^refused:(%S*)$')
      if holder then refused = { 'refused', number, holder } end
    end
  end)
  return refused or { 'merged', unpack(merged) }
end
