-- How a script meets keys of another type than their own. Scripts are not rolled back: what belongs to all is
-- looked at before the first write, and what belongs to one job or queue harms nothing else. A key that is read
-- before the first write needs nothing more, as Redis refuses to read one of another type.

-- Returns how much is in a key, as a command counts it; nil if it is of another type.
local function size(command, name)
  local number = redis.pcall(command, P .. name)
  return type(number) == 'number' and number or nil
end

-- Ends the script with an error that names a key, if it is of another type. Takes the command that counts
-- what is in a key of the right type.
local function expect(command, name)
  if size(command, name) then return end
  local wanted = ({ HLEN = 'hash', SCARD = 'set', ZCARD = 'zset' })[command]
  error(string.format('WRONGKEY %s%s a %s for a %s', P, name, redis.call('TYPE', P .. name).ok, wanted), 0)
end

-- Makes sure of all that queues have in common.
local function expect_lists_of_queues()
  expect('SCARD', 'queues')
  expect('SCARD', 'paused')
end

-- Makes sure of all that is written to when a job gets into a queue.
local function expect_queue(queue)
  expect('ZCARD', 'q:' .. queue)
  expect_lists_of_queues()
end

-- Calls a command that writes to a key, and returns whether the key is of its type.
local function could(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then return true end
  if string.find(reply.err, 'WRONGTYPE', 1, true) then return false end
  redis.call(command, key, ...) -- ends the script with the same error
end
