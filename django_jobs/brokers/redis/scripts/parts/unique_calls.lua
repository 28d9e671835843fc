-- How the jobs of a push are stored or merged, or refused together, and what a copy of that push returns.
-- Parts: unique_push.

-- Tells whether a conflict refuses the call of a job.
local function is_strict(lock)
  local _, _, conflict, after_commit = lock_parts(lock)
  return conflict == 'x' and after_commit == '0'
end

-- Returns the number and the id of the first job that must not be merged, and the holder of its lock or ''. The jobs
-- begin with an argument.
local function first_refused(first)
  local earlier, refused, refused_id, holder = {}, nil, nil, nil
  for_each_group(first, #ARGV, function(number, i, group_end)
    local id, lock = ARGV[i + 1], lock_of_group(group_end)
    if refused or not lock or redis.call('EXISTS', P .. 'j:' .. id) == 1 then return end
    local digest = lock_parts(lock)
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
  for_each_group(first, #ARGV, function(number, i, group_end)
    local id = ARGV[i + 1]
    if not lock_of_group(group_end) then return end
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
