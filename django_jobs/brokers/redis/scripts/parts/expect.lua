-- How a script makes sure of keys before it writes: scripts are not rolled back. A key that is read before the
-- first write needs nothing more, as Redis refuses to read one of another type.

-- Ends the script with an error that names a key, if it is of another type. Takes the command that counts
-- what is in a key of the right type.
local function expect(probe, name)
  if type(redis.pcall(probe, P .. name)) == 'number' then return end
  local wanted = ({ HLEN = 'hash', LLEN = 'list', SCARD = 'set', ZCARD = 'zset' })[probe]
  error(string.format('WRONGKEY %s%s a %s for a %s', P, name, redis.call('TYPE', P .. name).ok, wanted), 0)
end

-- Makes sure of all that ended jobs are listed in.
local function expect_lists_of_ended()
  for _, state in ipairs(ENDED) do
    expect('ZCARD', 's:' .. state)
  end
  expect('ZCARD', 'expiries')
end

-- Makes sure of all that is written to when a job gets into a queue.
local function expect_queue(queue)
  expect('ZCARD', 'q:' .. queue)
  expect('LLEN', 'm:' .. queue)
  expect('LLEN', 'm:*')
  expect('SCARD', 'queues')
  expect('SCARD', 'paused')
end
