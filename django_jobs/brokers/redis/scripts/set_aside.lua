-- Sets aside what stands under our keys and is not of their kind, so that it stops nobody.
--
-- Parts: fields.
-- KEYS[1]: prefix. ARGV: lease in ms. Returns the names of such keys, without the prefix.
-- Invariant: who served and what waited stays known where it can be told from other keys.
local KINDS = {
  zset = { 'leases', 'lost', 'pushes', 'idle', 'expiries', 's:scheduled', 's:retrying', 's:succeeded', 's:dead', 's:discarded' },
  set = { 'queues', 'paused', 'extended' },
  hash = { 'suspects', 'commands', 'ticks', 'runs', 'off', 'totals' },
  list = { 'm:*' },
  string = { 'seq' },
}
local found = {}

local function check(name, kind)
  local actual = redis.call('TYPE', P .. name).ok
  if actual ~= 'none' and actual ~= kind then
    set_aside(name, 'a ' .. actual .. ' instead of a ' .. kind)
    found[#found + 1] = name
    return false
  end
  return true
end

-- All that stands behind a part of the names. It looks at every key, which is worth it here only.
local function behind(part)
  local names = {}
  for _, key in ipairs(redis.call('KEYS', '*:' .. part .. '*')) do
    if string.sub(key, 1, #P + #part) == P .. part then
      names[#names + 1] = string.sub(key, #P + #part + 1)
    end
  end
  return names
end

local function check_number(name, text, drop)
  if text and not string.match(text, '^%d' .. string.rep('%d?', 14) .. '$') then
    drop()
    found[#found + 1] = name
  end
end

for kind, names in pairs(KINDS) do
  for _, name in ipairs(names) do
    local sound = check(name, kind)
    if not sound and name == 'queues' then
      for _, queue in ipairs(behind('q:')) do redis.call('SADD', P .. name, queue) end
    elseif not sound and name == 'leases' then
      for _, worker in ipairs(behind('f:')) do redis.call('ZADD', P .. name, now + ARGV[1], worker) end
    end
  end
end
for _, queue in ipairs(redis.call('SUNION', P .. 'queues', P .. 'paused')) do
  check('q:' .. queue, 'zset')
  check('m:' .. queue, 'list')
end
for _, index in ipairs({ 'leases', 'lost' }) do
  for _, worker in ipairs(redis.call('ZRANGE', P .. index, 0, -1)) do
    check('f:' .. worker, 'hash')
    check('d:' .. worker, 'list')
    for _, name in ipairs({ 'b:', 'w:' }) do check(name .. worker, 'string') end
  end
end
check_number('seq', redis.call('GET', P .. 'seq'), function() set_aside('seq', 'no number') end)
for _, name in ipairs({ 'succeeded', 'failed' }) do
  check_number('totals', redis.call('HGET', P .. 'totals', name), function() redis.call('HDEL', P .. 'totals', name) end)
end
-- Queues to which nobody has pushed yet are known by such keys only.
if #found == 0 then
  for _, queue in ipairs(behind('q:')) do check('q:' .. queue, 'zset') end
  for _, queue in ipairs(behind('m:')) do check('m:' .. queue, 'list') end
end
return found
