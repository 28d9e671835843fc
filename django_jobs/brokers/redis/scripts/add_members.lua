-- Stores jobs as members of a batch, or merges unique ones with the jobs that hold their locks: all of them or none.
--
-- Parts: unique_calls, members.
-- KEYS[1]: prefix. ARGV: name of the sender, number of its push, id of the batch, id of the running member that adds
--   them or '', token of its claim; the jobs, as `store` takes them.
-- Returns as `push_unique.lua`; {'ended'} with nothing stored if the batch takes no members, or not from this member.
-- Invariant: a copy of a push changes nothing, and returns the same.
local JOBS = 6
local batch, adder, token = ARGV[3], ARGV[4], ARGV[5]

local function takes_members()
  local said = read_batch(batch)
  if not said or said.cancelled or said.workflow then return false end
  if adder == '' then return said.held ~= nil end
  local state, last_token, of_batch = unpack(read(adder, 's', 'n', 'B'), 1, 3)
  return state == 'running' and last_token == token and of_batch == batch
end

-- Returns the keys of the jobs under their own ids, a list for each group.
local function own_keys()
  local lists = {}
  for_each_group(JOBS, #ARGV, function(_, first)
    local keys = {}
    for n = 1, tonumber(ARGV[first]) do keys[n] = P .. 'j:' .. ARGV[first + n] end
    lists[#lists + 1] = keys
  end)
  return lists
end

local function how_many_exist(lists)
  local number = 0
  for _, keys in ipairs(lists) do number = number + redis.call('EXISTS', unpack(keys)) end
  return number
end

-- Stores the jobs, counts the new ones, and returns the reply.
local function add_all()
  local lists = own_keys()
  local known = how_many_exist(lists)
  local reply = store_calls(JOBS)
  local added = how_many_exist(lists) - known
  count(batch, 'total', added)
  count(batch, 'open', added)
  count_members()
  if adder == '' then redis.call('ZADD', P .. 'held', 'XX', now + BATCH_HELD_MS, batch) end
  return reply
end

expect_unique(JOBS, #ARGV)
expect('ZCARD', 'held')
local last, number = tonumber(redis.call('ZSCORE', P .. 'pushes', ARGV[1]) or 0), tonumber(ARGV[2])
if last > number then return 0 end
if last == number then return recall(JOBS) end
if not takes_members() then return { 'ended' } end
local reply = add_all()
redis.call('ZADD', P .. 'pushes', ARGV[2], ARGV[1])
return reply
