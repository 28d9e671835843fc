-- How attempts are counted, in all and by period.

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
  local before = redis.pcall('HGET', key, name)
  if type(before) == 'table' then -- something else stands there
    redis.call('UNLINK', key)
    before = false
  end
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

-- Adds the counts that arguments hold: how long those of each kind and length of period are kept, as
-- JSON, names of one period, the name of those beyond, the number of counts; for each: kind, name, counts as
-- JSON. Returns the index of the first argument behind them.
local function count_attempts(first)
  local periods, max_names, others = cjson.decode(ARGV[first]), tonumber(ARGV[first + 1]), ARGV[first + 2]
  local number = tonumber(ARGV[first + 3])
  for i = first + 4, first + 1 + 3 * number, 3 do
    local counts = cjson.decode(ARGV[i + 2])
    for length, kept in pairs(periods[ARGV[i]]) do
      local period = string.format('%.0f', math.floor(now / length))
      local key = P .. 'n:' .. ARGV[i] .. ':' .. length .. ':' .. period
      add_to_period(key, ARGV[i + 1], counts, max_names, others)
      redis.call('PEXPIRE', key, kept)
    end
  end
  return first + 4 + 3 * number
end
