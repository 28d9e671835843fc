-- Returns the time in Unix milliseconds.
--
-- KEYS[1]: prefix. ARGV: none.
return string.format('%.0f', now)
