-- Changes what an operator says of a limit.
--
-- Parts: full, expect, waiters.
-- KEYS[1]: prefix. ARGV: id of the limit; own or paused; the number or '', or 1 or 0.
-- Returns 1, or 0 if no job has met the limit.
expect_limits()
expect_lists_of_queues()
local number = number_of(ARGV[1])
if not number then return 0 end
number[ARGV[2]] = ARGV[3]
change_number(ARGV[1], number)
return 1
