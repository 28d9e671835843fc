-- How jobs are given back of which their worker does not know.
-- Parts: expect, flight.

-- Gives back the jobs that a worker holds here and that it does not name, undoing their attempts.
--
-- It learned of each claim through the reply to a call that it awaited. So it never knew of a claim, or
-- was told that its settlement took effect, if the claim's tag was given out, its call is not awaited
-- any more, and it does not name the claim. Neither clocks nor the age of a claim can tell. The next heartbeat finds
-- those that are too many for one call.
local function give_back_unknown(worker, last_tag, awaited, named)
  local flight = P .. 'f:' .. worker
  local suspect = redis.call('HGET', P .. 'suspects', worker)
  local all, unknown, scores, locks = redis.call('HGETALL', flight), {}, {}, {}
  for i = 1, #all, 2 do
    local id = all[i]
    local fence, tag, score, _, _, lock = held(all[i + 1])
    local is_known = fence and (tonumber(tag) > last_tag or awaited[tag] or named[id .. ' ' .. fence])
    if not is_known and #unknown < GIVEN_BACK_PER_CALL then
      unknown[#unknown + 1], scores[id], locks[id] = id, score, lock
      let_go(all[i + 1])
    end
  end
  if #unknown > 0 then expect_lists_of_queues() end
  with_many('HDEL', flight, unknown)
  table.sort(unknown)
  for _, id in ipairs(unknown) do
    give_back(id, scores[id], locks[id])
    if id == suspect then mark_all() end
  end
end
