-- Reads what the workers whose lease holds said of themselves.
--
-- KEYS[1]: prefix. Returns their JSON texts.
local texts = {}
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', '(' .. string.format('%.0f', now), '+inf')) do
  texts[#texts + 1] = redis.call('GET', P .. 'w:' .. worker) or nil
end
return texts
