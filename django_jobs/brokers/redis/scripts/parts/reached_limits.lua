-- What becomes of a job that has met a limit of somebody else's.
-- Parts: request, due, places, ends, flight, waiters.
-- Entered by: enter_limits.

-- Returns the keys that a job closes, which has met a limit: those of a name, or of its rates, or all.
local function closing_keys(limits, name)
  local all, found = limits_of(limits), {}
  for n, key in ipairs(all) do
    local is_meant
    if name == '' then is_meant = all.terms[n].per > 0 else is_meant = string.sub(key.limit.id, 2) == name end
    if is_meant then found[#found + 1] = key end
  end
  return #found == 0 and name == '' and all or found
end

-- Lets a job wait that has met a limit, with all others under the same key, at no cost of an attempt.
local function meet_limit(i, id, score, lock, limits)
  local queue = undo_attempt(id, 'queued')
  if not queue then return end
  local over_at = now + ARGV[i + 4]
  local closes = closing_keys(limits, string.match(ARGV[i + 2], ':(.*)$'))
  for _, key in ipairs(closes) do
    close_key(key, over_at)
  end
  look_at(closes)
  local met = redis.pcall('HINCRBY', P .. 'j:' .. id, 'h', 1)
  if type(met) == 'number' and met > LIMITS_MET then
    end_as_dead(id, ARGV[i + 5])
    dead[#dead + 1] = id
    return
  end
  redis.call('HSET', P .. 'j:' .. id, 'p', (read(id, 'k')[1] or '0') .. ':limit:' .. ARGV[i + 5])
  if lock ~= '' then take_lock(id, lock) end
  if #closes > 0 then
    put_back(id, queue, score)
    mark(queue)
  else
    redis.call('HSET', P .. 'j:' .. id, 's', 'scheduled')
    redis.call('ZADD', P .. 's:scheduled', over_at, id)
    next_due = math.min(next_due, over_at)
  end
end
