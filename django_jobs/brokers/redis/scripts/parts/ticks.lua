-- Which ticks count.
-- Parts: shapes.

-- Tells whether a text is a tick that counts. One of a clock that was wrong would keep all that follow
-- from being claimed until its time has come, perhaps in years.
local function is_tick(text)
  return is_instant(text) and tonumber(text) <= now + TICK_AHEAD_MS
end
