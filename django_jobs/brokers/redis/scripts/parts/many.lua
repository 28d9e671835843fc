-- How commands take many values.

-- Gives a command many values, in portions, as Lua unpacks no more than 8000 at once.
local function with_many(command, key, values)
  for first = 1, #values, 2000 do
    redis.call(command, key, unpack(values, first, math.min(first + 1999, #values)))
  end
end
