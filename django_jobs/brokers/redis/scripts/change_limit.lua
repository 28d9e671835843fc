-- Changes what an operator says of a limit.
--
-- Parts: full, expect, waiters.
-- KEYS[1]: prefix. ARGV: id of the limit; own or paused; the number or '', or 1 or 0.
-- Returns 1, or 0 if no job has met the limit.
expect_limits()
expect_lists_of_queues()
local limit = limit_of(ARGV[1])
local number = number_of(limit)
if not number then return 0 end
number[ARGV[2]] = ARGV[3]
change_number(limit, number)
write_limits()
return 1
