-- How commands take many values, in portions, as Lua unpacks no more than 8000 at once.
-- Parts: expect.

-- Gives a command many values.
local function with_many(command, key, values)
  for first = 1, #values, 2000 do
    redis.call(command, key, unpack(values, first, math.min(first + 1999, #values)))
  end
end

-- Forgets many keys.
local function unlink_all(keys)
  for first = 1, #keys, 2000 do redis.call('UNLINK', unpack(keys, first, math.min(first + 1999, #keys))) end
end

-- Gives a command many values as far as the key is of its type, and returns whether it is.
local function could_many(command, key, values)
  for first = 1, #values, 2000 do
    if not could(command, key, unpack(values, first, math.min(first + 1999, #values))) then return false end
  end
  return true
end
