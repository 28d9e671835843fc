-- Whether any job has met a limit, so that all else of limits is needed.
-- Parts: expect.

local has_limits = size('HLEN', 'limits') ~= 0 -- also if the key is of another type
