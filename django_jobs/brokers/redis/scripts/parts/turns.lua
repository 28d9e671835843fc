-- The turns of fair keys in a queue; `docs/explanation/relations.md` says the rules.
-- Parts: expect, many.

-- Tells whether a place is a turn, and not in the order of arrivals.
local function is_turn(score)
  local number = tonumber(score)
  return number >= FIRST_TURN and number % PRIORITY_STEP >= FIRST_TURN
end

-- Looks at the band of a place: returns what stands for its priority among the turns of the queue, its first and its
-- last turn, and the place claimed last in it. A key of another type has nothing to lose.
local function band_of(queue, score)
  local number = math.floor(tonumber(score) / PRIORITY_STEP)
  local turns, name = P .. 'v:' .. queue, string.format('%d', HIGHEST_PRIORITY - number)
  local first = number * PRIORITY_STEP + FIRST_TURN
  local claimed = redis.pcall('ZSCORE', turns, name)
  if type(claimed) == 'table' then
    redis.call('UNLINK', turns)
    claimed = nil
  end
  return name, first, (number + 1) * PRIORITY_STEP - 1, tonumber(claimed or first)
end

-- Returns how many jobs of a queue have a turn between two, also of those that wait for slots.
local function waiting_between(queue, first, last)
  local found = 0
  for _, index in ipairs({ 'q:', 'y:' }) do
    local number = redis.pcall('ZCOUNT', P .. index .. queue, first, last)
    if type(number) == 'number' then found = found + number end
  end
  return found
end

-- Gives out places at the end of the turns of their keys to some jobs, of one call at most, in this order. Takes a place of their
-- priority, and what each job says of its turn, if anything. Returns the places, each followed by the id of its job.
local function next_turns(queue, score, ids, of_jobs)
  local turns, name, first, last, claimed = P .. 'v:' .. queue, band_of(queue, score)
  local waiting = waiting_between(queue, first, last)
  local ends, members = {}, {}
  for n, id in ipairs(ids) do
    local weight, key = string.match(of_jobs[n] or '', '^(%d%d?):(.*)$')
    weight = tonumber(weight)
    if not weight or weight < 1 or weight > HIGHEST_WEIGHT then weight, key = 1, '' end
    -- From just before the last claimed place, so that of each other key only one job stands before a new one:
    -- there may be one at that same place, and the next at the end of the step.
    local start = claimed - 1
    if waiting > 0 then
      local before = ends[key] or tonumber(redis.call('ZSCORE', turns, name .. ':' .. key) or 0)
      start = math.min(math.max(start, before), claimed + waiting * FAIR_STEP)
    end
    local place = math.min(start + math.floor(FAIR_STEP / weight + 0.5), last)
    ends[key], waiting = place, waiting + 1
    members[2 * n - 1], members[2 * n] = place, id
  end
  local known = { claimed, name }
  for key, place in pairs(ends) do
    known[#known + 1], known[#known + 2] = place, name .. ':' .. key
  end
  redis.call('ZADD', turns, unpack(known))
  return members
end

-- Returns the place of a job that was claimed and goes back to its queue.
local function turn_again(queue, score)
  local name, first, _, claimed = band_of(queue, score)
  redis.call('ZADD', P .. 'v:' .. queue, 'NX', first, name)
  return math.min(tonumber(score), claimed)
end

-- Returns what Redis calls all scores below a place. Lua itself writes but 14 digits of a number.
local function below(place)
  return string.format('(%.0f', place)
end

-- Forgets so many members of a band up to a score, other than its last claimed place. Returns how many it looked at.
local function forget_up_to(turns, name, first, score, number)
  local over = redis.call('ZRANGEBYSCORE', turns, first, score, 'LIMIT', 0, number)
  local keys = {}
  for _, member in ipairs(over) do
    if member ~= name then keys[#keys + 1] = member end
  end
  with_many('ZREM', turns, keys)
  return #over
end

-- Notes the places of jobs that were claimed, in their order, and forgets some keys whose turns are over: they begin
-- as new ones do.
local function note_claimed_turns(queue, scores)
  local turns, last = P .. 'v:' .. queue, {}
  for _, score in ipairs(scores) do
    if is_turn(score) then
      local number = math.floor(score / PRIORITY_STEP)
      last[number] = math.max(last[number] or 0, score) -- one that waited for a slot has an earlier place
    end
  end
  for _, score in pairs(last) do
    local name, first, _, before = band_of(queue, score)
    local claimed = math.max(score, before)
    redis.call('ZADD', turns, claimed, name)
    forget_up_to(turns, name, first, below(claimed), 2 * #scores + TURNS_FORGOTTEN)
  end
end

-- Calls a function for each band of a queue with turns, as `band_of` describes it.
local function for_each_band(queue, act)
  local turns, from = P .. 'v:' .. queue, 0
  local beyond = below((HIGHEST_PRIORITY - LOWEST_PRIORITY + 1) * PRIORITY_STEP)
  repeat
    local score = redis.call('ZRANGEBYSCORE', turns, from, beyond, 'WITHSCORES', 'LIMIT', 0, 1)[2]
    if score then
      local name, first, last, claimed = band_of(queue, score)
      act(name, first, last, claimed)
      from = last + 1
    end
  until not score
end

-- Forgets keys that have no jobs in any priority of a queue that has jobs: not only where jobs are claimed. Takes how
-- many at most, and returns how many may follow.
local function tidy_turns(queue, room)
  local turns = P .. 'v:' .. queue
  if not size('ZCARD', 'v:' .. queue) or not size('ZCARD', 'q:' .. queue) then return room end
  for_each_band(queue, function(name, first, last, claimed)
    if room == 0 then return end
    local is_empty = waiting_between(queue, first, last) == 0
    local seen = forget_up_to(turns, name, first, is_empty and last or below(claimed), room)
    if is_empty and seen < room then redis.call('ZREM', turns, name) end
    room = room - seen
  end)
  return room
end
