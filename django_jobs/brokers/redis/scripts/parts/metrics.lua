-- How attempts are counted, in all and by period.
-- Parts: expect.

-- Reads a JSON object; anything else has nothing in it.
local function decoded(text)
  local good, found = pcall(cjson.decode, text)
  return good and type(found) == 'table' and found or {}
end

local function add_total(name, count)
  if type(redis.pcall('HINCRBY', P .. 'totals', name, count)) ~= 'number' then
    redis.call('HSET', P .. 'totals', name, count)
  end
end

-- Adds counts to those of a period, under their name if there is room for one more.
local function add_to_period(key, name, counts, max_names, others)
  local before = redis.call('HGET', key, name)
  if not before and redis.call('HLEN', key) >= max_names then
    name, before = others, redis.call('HGET', key, others)
  end
  local sums = {}
  for code, number in pairs(before and decoded(before) or sums) do
    if type(code) == 'string' and type(number) == 'number' and number >= 0 and number <= MAX_COUNT then
      sums[code] = number
    end
  end
  for code, number in pairs(counts) do
    sums[code] = (sums[code] or 0) + number
  end
  redis.call('HSET', key, name, cjson.encode(sums))
end

-- Calls a function with each name of a key for which arguments hold counts, with how long it is kept, and
-- the index of those counts. Returns the index of the first argument behind them.
local function each_period(first, act)
  local periods, number = cjson.decode(ARGV[first]), tonumber(ARGV[first + 3])
  for i = first + 4, first + 1 + 3 * number, 3 do
    for length, kept in pairs(periods[ARGV[i]]) do
      local period = string.format('%.0f', math.floor(now / length))
      act('n:' .. ARGV[i] .. ':' .. length .. ':' .. period, kept, i)
    end
  end
  return first + 4 + 3 * number
end

-- Adds the counts that arguments hold: how long those of each kind and length of period are kept, as
-- JSON, names of one period, the name of those beyond, the number of counts; for each: kind, name, counts as
-- JSON. Returns the index of the first argument behind them.
local function count_attempts(first)
  local max_names, others = tonumber(ARGV[first + 1]), ARGV[first + 2]
  return each_period(first, function(name, kept, i)
    if not size('HLEN', name) then redis.call('UNLINK', P .. name) end -- it counts nothing
    add_to_period(P .. name, ARGV[i + 1], cjson.decode(ARGV[i + 2]), max_names, others)
    redis.call('PEXPIRE', P .. name, kept)
  end)
end
