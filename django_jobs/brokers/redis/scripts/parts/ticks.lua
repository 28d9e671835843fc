-- Which ticks count.
-- Parts: shapes.

-- A tick may be so many milliseconds ahead of our clock.
local LATEST_TICK = now + tonumber(ARGV[1])

-- Tells whether a text is a tick that counts. One of a clock that was wrong would keep all that follow
-- from being claimed until its time has come, perhaps in years.
local function is_tick(text)
  return is_instant(text) and tonumber(text) <= LATEST_TICK
end
