-- What workers hold, how it is given back, and what their last call was.
-- Parts: shapes, fields, many, places.

-- What a worker holds of a job.
local function hold(token, score, reserved_at, result_ttl, call, number)
  return string.format('%s:%s:%s:%s:%s:%d', token, score, reserved_at, result_ttl, call, number)
end

-- Notes what a worker holds: ids and values by turns. The first value is made longer than 64 bytes, as
-- Redis keeps shorter ones in a list, and looks through all of it for each of hundreds of jobs.
local function note(flight, holdings)
  if #holdings == 0 then return end
  holdings[2] = string.format('%-65s', holdings[2])
  with_many('HSET', flight, holdings)
end

-- Takes what a worker holds apart. All is nil where somebody spoilt it.
local function held(value)
  local token, score, reserved_at, result_ttl, call, number =
    string.match(value, '^(%d+):(%-?%d+):(%d+):(%d+):(%l%d+):(%d+) *$')
  if token and is_place(score) then return token, score, reserved_at, result_ttl, call, number end
end

-- Writes fields of jobs that a worker holds, from an argument on: id, token, field, value of each.
local function write_held(worker, first)
  for i = first, #ARGV, 4 do
    local value = redis.pcall('HGET', P .. 'f:' .. worker, ARGV[i])
    if type(value) == 'string' and held(value) == ARGV[i + 1] and read(ARGV[i], 's')[1] then
      redis.call('HSET', P .. 'j:' .. ARGV[i], ARGV[i + 2], ARGV[i + 3])
    end
  end
end

-- Undoes the attempt that was begun last, and puts the job back to its old place.
local function give_back(id, score)
  local job = P .. 'j:' .. id
  local got = read(id, 'q', 'k', 'w')
  if not got[1] then return end -- evicted, or deleted by hand
  local attempts = math.max(0, (tonumber(got[2]) or 1) - 1)
  redis.call('HSET', job, 's', 'queued', 'k', attempts, 'w', string.match(got[3] or '', '^(.*),[^,]*$') or '')
  if attempts == 0 then
    redis.call('HDEL', job, 'b', 'm')
  end
  place(id, got[1], score)
  mark(got[1])
end

-- Gives back all that a worker holds.
local function give_back_all(worker)
  local flight = P .. 'f:' .. worker
  local all = redis.call('HGETALL', flight)
  redis.call('DEL', flight)
  for i = 1, #all, 2 do
    local _, score = held(all[i + 1])
    give_back(all[i], score)
  end
end

-- Reads the number of a worker's last call, kept in a key, and what it was answered.
local function last_call(key)
  return string.match(redis.call('GET', key) or '', '^(%d+) (.*)$')
end
