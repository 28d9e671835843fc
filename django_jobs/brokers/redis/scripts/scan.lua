-- Reads a portion of the list of all jobs: in the states' order, each in its own.
--
-- Parts: fields, ends.
-- KEYS[1]: prefix.
-- ARGV: most jobs, most bytes, id or '' for all, queue or '' for all (queued and waiting jobs only), times from
--   and to ('-inf' and '+inf' for all; not for queued, waiting and running jobs), 1 to read errors, the place
--   after which to begin as state or '', part, score, id; the number of states, states; fields.
-- Returns {now, how many are listed in all, how many behind the portion, rows}, the rows flat: state,
--   part, score, id, class of the last error as JSON writes it, fields.
-- Invariant: a job that comes or goes moves no other one over the place that was returned.
local most, most_bytes, only, queue = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local from, to, with_error = ARGV[5], ARGV[6], ARGV[7] == '1'
local after = { state = ARGV[8], part = ARGV[9], score = ARGV[10], id = ARGV[11] }
local states = { unpack(ARGV, 13, 12 + tonumber(ARGV[12])) }
local fields = { unpack(ARGV, 13 + #states) }
local rows, taken, bytes, total, left = {}, 0, 0, 0, 0

local function add(state, part, score, id)
  local got = read(id, unpack(fields))
  local failure = with_error and redis.pcall('LINDEX', P .. 'e:' .. id, -1) or ''
  if type(failure) ~= 'string' then failure = '' end
  for _, value in ipairs({ state, part, score, id, string.match(failure, '^%["([^"]*)"') or '' }) do
    rows[#rows + 1] = value
  end
  bytes = bytes + #failure
  for i = 1, #fields do
    local value = got[i] or ''
    bytes = bytes + #value
    rows[#rows + 1] = value
  end
  taken = taken + 1
end

local function has_room()
  return taken < most and bytes < most_bytes
end

-- Returns how many members of a sorted set come before those behind a place; the member there may be gone.
local function passed(index, newest_first, place)
  local score = redis.call('ZSCORE', index, place.id)
  if score and tonumber(score) == tonumber(place.score) then
    return redis.call(newest_first and 'ZREVRANK' or 'ZRANK', index, place.id) + 1
  end
  local low = newest_first and redis.call('ZCOUNT', index, '(' .. place.score, '+inf')
    or redis.call('ZCOUNT', index, '-inf', '(' .. place.score)
  local high = low + redis.call('ZCOUNT', index, place.score, place.score)
  local command = newest_first and 'ZREVRANGE' or 'ZRANGE'
  while low < high do
    local middle = math.floor((low + high) / 2)
    local there = redis.call(command, index, middle, middle)[1]
    if (newest_first and there > place.id) or (not newest_first and there < place.id) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

-- A part that is a sorted set: its jobs from one rank to another, less those up to a place.
local function add_sorted(state, part, index, place)
  local newest_first, first, last = is_one_of(state, ENDED), 0, redis.call('ZCARD', index)
  if not is_one_of(state, LINED_UP) and (from ~= '-inf' or to ~= '+inf') then
    first = newest_first and redis.call('ZCOUNT', index, '(' .. to, '+inf')
      or redis.call('ZCOUNT', index, '-inf', '(' .. from)
    last = first + redis.call('ZCOUNT', index, from, to)
  end
  total = total + last - first
  if place == 'passed' then return end
  local rank = place and math.max(first, passed(index, newest_first, place)) or first
  local command = newest_first and 'ZREVRANGE' or 'ZRANGE'
  while rank < last and has_room() do
    local got = redis.call(command, index, rank, math.min(rank + 99, last - 1), 'WITHSCORES')
    if #got == 0 then break end
    for i = 1, #got, 2 do
      if not has_room() then break end
      add(state, part, got[i + 1], got[i])
      rank = rank + 1
    end
  end
  left = left + math.max(0, last - rank)
end

-- A part that is a worker's jobs in flight, which have no order of their own.
local function add_flight(worker, place)
  local ids = redis.call('HKEYS', P .. 'f:' .. worker)
  total = total + #ids
  if place == 'passed' then return end
  table.sort(ids)
  for _, id in ipairs(ids) do
    if not place or id > place.id then
      if has_room() then add('running', worker, '0', id) else left = left + 1 end
    end
  end
end

local function parts(state)
  local names = { '' }
  if is_one_of(state, LINED_UP) then
    names = queue ~= '' and { queue } or redis.call('SUNION', P .. 'queues', P .. 'paused')
  elseif state == 'running' then
    names = redis.call('ZRANGE', P .. 'leases', 0, -1)
  end
  table.sort(names)
  return names
end

-- Returns the name of the sorted set that a part is.
local function index_of(state, part)
  if not is_one_of(state, LINED_UP) then return 's:' .. state end
  return (state == 'queued' and 'q:' or 'y:') .. part
end

-- Tells what of a part is left: 'passed' if nothing, a place if some of it, nil if all.
local function rest(state, part, reached)
  if reached then return nil end
  if state ~= after.state or part < after.part then return 'passed' end
  return part == after.part and after or nil
end

local function add_only()
  local said, of_queue, limits = unpack(read(only, 's', 'q', 'x'), 1, 3)
  local state = state_of(only, said, of_queue, limits)
  for _, name in ipairs(states) do
    if name == state then
      add(state, '', redis.call('ZSCORE', P .. 's:' .. state, only) or '0', only)
    end
  end
  total = taken
end

sweep(SWEEP)
if only ~= '' then
  add_only()
else
  local reached = after.state == ''
  for _, state in ipairs(states) do
    for _, part in ipairs(parts(state)) do
      local place = rest(state, part, reached)
      if state == 'running' then
        add_flight(part, place)
      else
        add_sorted(state, part, P .. index_of(state, part), place)
      end
    end
    reached = reached or state == after.state
  end
end
return { now, total, left, rows }
