-- How empty queues are told from many.
-- Parts: known_limits.

-- Looks at some of the queues that are named between two arguments, in every second one.
local function note_empty(first, last, empty)
  local keys = {}
  for i = first, last, 2 do
    keys[#keys + 1] = P .. 'q:' .. ARGV[i]
    if has_limits then keys[#keys + 1] = P .. 'o:' .. ARGV[i] end
  end
  local are_all = redis.call('EXISTS', unpack(keys)) == 0
  for i = first, last, 2 do
    empty[ARGV[i]] = are_all or redis.call('EXISTS', P .. 'q:' .. ARGV[i], P .. 'o:' .. ARGV[i]) == 0
  end
end

-- Tells which queues are empty where there are many, of which most have no jobs: name -> true or false.
-- Looking at each for itself would hold Redis up. Few are told by taking from them.
local function empty_of_many(first, number)
  local empty, portion = {}, 100
  if number <= portion then return empty end
  local last = first + 2 * number - 2
  for i = first, last, 2 * portion do
    note_empty(i, math.min(i + 2 * portion - 2, last), empty)
  end
  return empty
end
