-- Reads what is noted of all limits.
--
-- Parts: expect, slots.
-- KEYS[1]: prefix. Returns for each limit its id, n, per, the operator's number or '', '1' if it is paused, the version
--   of these, and for how many keys jobs wait, and how many jobs.
local reply = {}
for _, id in ipairs(redis.call('HKEYS', P .. 'limits')) do
  local number = number_of(limit_of(id))
  if number then
    for _, value in ipairs({ id, text_of(number.n), text_of(number.per), number.own, number.paused, text_of(number.version) }) do
      reply[#reply + 1] = value
    end
    reply[#reply + 1] = size('ZCARD', 'g:' .. id) or 0
    reply[#reply + 1] = math.max(0, tonumber(redis.call('HGET', P .. 'waits', id)) or 0)
  end
end
return reply
