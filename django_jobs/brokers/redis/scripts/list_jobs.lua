-- Reads ids of a page of the jobs in one state.
--
-- Parts: fields.
-- KEYS[1]: prefix. ARGV: state, queue or '' for all (queued and waiting jobs only), offset, limit.
-- Invariant: what lies before the page is counted, not read.
local state, queue, offset, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local ids = {}

-- Adds what of one part, of so many ids, is on the page; `read` takes the first and the last rank.
local function add(size, read)
  if offset < size and #ids < limit then
    for _, id in ipairs(read(offset, offset + limit - #ids - 1)) do
      ids[#ids + 1] = id
    end
  end
  offset = math.max(0, offset - size)
end

if is_one_of(state, LINED_UP) then
  local queues = queue ~= '' and { queue } or redis.call('SUNION', P .. 'queues', P .. 'paused')
  table.sort(queues)
  for _, name in ipairs(queues) do
    local index = P .. (state == 'queued' and 'q:' or 'y:') .. name
    add(redis.call('ZCARD', index), function(first, last) return redis.call('ZRANGE', index, first, last) end)
  end
elseif state == 'running' then
  for _, worker in ipairs(redis.call('ZRANGE', P .. 'leases', 0, -1)) do
    local held_ids = redis.call('HKEYS', P .. 'f:' .. worker)
    add(#held_ids, function(first, last) return { unpack(held_ids, first + 1, math.min(last + 1, #held_ids)) } end)
  end
else
  local command = is_one_of(state, ENDED) and 'ZREVRANGE' or 'ZRANGE'
  ids = redis.call(command, P .. 's:' .. state, offset, offset + limit - 1)
end
return ids
