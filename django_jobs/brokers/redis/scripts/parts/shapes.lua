-- Checks of values that another program may have written. Patterns are plain and lengths are checked apart, as
-- a pattern of many digits that may be there takes Lua longer than the job that it belongs to.

-- Tells whether a text is a whole number of so many digits at most, without a sign.
local function is_amount(text, digits)
  return #text <= digits and string.find(text, '^%d+$') ~= nil
end

-- Tells whether a text is the place of a job in a queue.
local function is_place(text)
  return #text <= 18 and string.find(text, '^%-?%d+$') ~= nil
end

-- Tells whether a text is a whole number of milliseconds from the years 1 to 9999, which Python's
-- dates know.
local function is_instant(text)
  if not string.find(text, '^%-?%d+$') then return false end
  if #text < 14 then return true end
  local number = tonumber(text)
  return #text < 16 and number >= -62135596800000 and number <= 253402300799999
end

-- Takes apart what a job was enqueued with: priority, enqueued_at, result_ttl, run_at or '', expires_at
-- or ''. Returns nothing if the text is unreadable.
local function terms(text)
  return string.match(text, '^(%-?%d%d?%d?):(%-?%d+):(%d+):(%-?%d*):(%-?%d*)$')
end
