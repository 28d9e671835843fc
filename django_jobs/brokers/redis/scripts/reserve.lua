-- Settles finished attempts, promotes what is due, then claims jobs for a worker.
--
-- Parts: full, call, due, settling, claiming.
-- KEYS[1]: prefix.
-- ARGV: worker, lane of the call (each has numbers of its own), number of the call, limit, lease in
--   ms, crashes that kill a job, number of shares, number of settlements; for each share: queue, quota; for each settlement: id, token, state, waited
--   and duration (ms; delay instead of it if it is to be retried), result or failure as JSON; then what
--   else attempts stored in their jobs, as `write_held` takes it.
-- Returns {refused ids, due_in or -1, reserved_at, claims}, the claims flat, WIDTH values each; behind
--   them, if there are any, the ids of jobs that were buried, and ids and metadata of those that have some.
-- Invariant: a settlement takes effect only while its worker holds the job under its token.
--   The same call sent again changes nothing and returns the claims that are still held.
--   One that comes after its successor changes nothing.
--   A call that skips a number gives back what the worker holds beside its settlements.

local function reply(refused_ids, due_at, reserved_at)
  local values = { refused_ids, ms_until(due_at), reserved_at, claims }
  if #buried + #metadata > 0 then
    values[5], values[6] = buried, metadata
  end
  return values
end

-- Returns the reply to a call that was answered before: the claims of it that are still held.
local function again(refused_before)
  local all, mine = redis.call('HGETALL', flight), {}
  local reserved_at = NOW
  for i = 1, #all, 2 do
    local token, _, taken_at, _, of, number = held(all[i + 1])
    if of == lane .. call then
      mine[#mine + 1] = { all[i], token, tonumber(number) }
      reserved_at = taken_at
    end
  end
  table.sort(mine, function(one, other) return one[3] < other[3] end)
  for _, holding in ipairs(mine) do
    local id, token = unpack(holding)
    local job = read_all(id)
    if job.k and is_sound(job) then
      answer(id, job, token, job.k)
    end
  end
  return reply(cjson.decode(refused_before), first_due(), reserved_at)
end

-- Puts back the marks that the wait before a call may have taken: a call that claims nothing new must
-- not keep another worker from them, nor from hearing of a job that is due later.
local function put_marks_back()
  for i = FIRST_SHARE, LAST_SHARE, 2 do
    if redis.call('SISMEMBER', P .. 'queues', ARGV[i]) == 1 or redis.call('ZSCORE', P .. 'idle', ARGV[i]) then
      mark(ARGV[i])
    end
  end
end

local last, refused_before = last_call(answered)
if last == call then
  put_marks_back()
  return again(refused_before)
end
-- It was overtaken on its way: sent again after a timeout, answered, and followed by others. What
-- it would claim now, nobody would ever hear of.
if last and tonumber(last) > tonumber(call) then
  put_marks_back()
  return { {}, ms_until(first_due()), NOW, {} }
end
redis.call('ZADD', P .. 'leases', 'NX', now + lease, worker)
-- What is not of its key's kind is to show before anything is taken from its place.
redis.call('HLEN', flight)
for _, state in ipairs(ENDED) do
  redis.call('ZCARD', P .. 's:' .. state)
end
next_due = first_due()
sweep(2 * settlements + 10)
write_held(worker, FIRST_WRITE)
settle_all()
-- Calls that were answered are missing: Redis lost its last moments, by a power cut or a failover,
-- and with them ends that the worker won't report again. What it holds would stay there forever.
-- It gives all back once, whichever lane shows a gap first.
local EXCUSED = 'excused'
if tonumber(last or 0) < tonumber(call) - 1 and redis.call('GET', answered) ~= EXCUSED then
  give_back_all(worker)
  for _, other in ipairs({ 'r', 'o', 'a' }) do
    redis.call('SET', P .. other .. ':' .. worker, EXCUSED)
  end
end
promote()
-- Noted before anything is claimed: should the script end half-way, at a key that somebody else
-- wrote, the same call again finds what it claimed.
redis.call('SET', answered, call .. ' ' .. ((#refused > 0) and cjson.encode(refused) or '[]'))
take_shares()
pass_on()
return reply(refused, next_due, NOW)
