-- How the fields of a job are read.

-- Reads fields of a job: none of them if there is no such job, or something else under its key. A
-- script that fails half-way would lose what it had in its hands.
local function read(id, ...)
  local got = redis.pcall('HMGET', P .. 'j:' .. id, ...)
  return got.err and {} or got
end

-- Reads all fields of a job, as `read` does, by their names.
local function read_all(id)
  local got, named = redis.pcall('HGETALL', P .. 'j:' .. id), {}
  for i = 1, #got, 2 do
    named[got[i]] = got[i + 1]
  end
  return named
end

-- Returns the state of a job, of which it takes what the record says. A job that waits for a slot is said to be queued: only its
-- index tells that it waits, so that nothing has to be written of jobs that come and go.
local function state_of(id, said, queue, limits)
  local waits = said == 'queued' and limits and redis.pcall('ZSCORE', P .. 'y:' .. (queue or ''), id)
  return type(waits) == 'string' and 'waiting' or said
end

-- Tells whether a value is one of a list.
local function is_one_of(value, list)
  for _, one in ipairs(list) do
    if one == value then return true end
  end
  return false
end
