-- Unix milliseconds by the server's clock, so that skewed clocks of workers do no harm.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
