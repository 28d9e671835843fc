-- Does to some jobs what an operator asks for.
--
-- Parts: full, expect, shapes, fields, places, ends, cancelling, cancelled_batches, batch_work.
-- KEYS[1]: prefix. ARGV: retry, cancel or delete; for each job: id, state, token of its last claim;
--   an empty state for whatever it is.
-- Returns how many were in a state that permits it, and as they are said to be; and how many of those were not
--   retried: unique jobs whose locks others hold, nodes that need one which has failed, and members of cancelled batches.
local what = ARGV[1]
local locked = 0

local function apply(id, wanted_state, wanted_token)
  local job = P .. 'j:' .. id
  local said, queue, enqueued_with, token, lock, turn, batch, missed, edges, failed, adder, added, event, limits =
    unpack(read(id, 's', 'q', 'e', 'n', 'l', 'y', 'B', 'M', 'E', 'U', 'P', 'G', 'W', 'x'), 1, 14)
  local state = state_of(id, said, queue, limits)
  if not queue or not is_one_of(state, PERMITTED[what]) then return 0 end
  if adder and not batch then return 0 end -- the attempt that adds it has not ended
  if is_workflow(batch) and redis.call('HEXISTS', P .. 'c:' .. batch, 'held') == 1 then return 0 end -- it is not sealed
  if what == 'delete' and added and not string.find(added, '^0:') then return 0 end -- it waits for what it has added
  if wanted_state ~= '' and (state ~= wanted_state or (token or '') ~= wanted_token) then return 0 end
  expect_queue(queue)
  if what == 'cancel' then
    cancel(id, state, queue)
    return 1
  end
  if what == 'retry' and (failed or batch and is_batch_cancelled(batch) or lock and not take_lock(id, lock)) then
    locked = locked + 1
    return 0
  end
  redis.call('SREM', P .. 'cancelled', id)
  if what == 'retry' and edges and (is_workflow(batch) or event and redis.call('EXISTS', P .. 'k:' .. event) == 1) then
    enter_batches()
    wait_again(id, batch, state, missed)
    return 1
  end
  take_out(id, state, queue)
  if what == 'delete' then
    if lock then free_lock(id, lock) end
    if batch then member_deleted(id, batch, state) end
    forget({ id })
  else
    if is_one_of(state, ENDED) then
      if batch then member_came_back(id, batch, state, missed) end
      redis.call('HDEL', job, 'k', 'c', 'b', 'm', 'f', 'w', 'v', 'p', 'h', 'E')
    end
    redis.call('HSET', job, 's', 'queued', 'u', now)
    enqueue(id, queue, terms(enqueued_with or '') or 0, turn)
    mark(queue)
  end
  return 1
end

expect('ZCARD', 's:scheduled')
expect('ZCARD', 's:retrying')
expect('SCARD', 'cancelled')
expect_lists_of_ended()
local changed = 0
for i = 2, #ARGV, 3 do
  changed = changed + apply(ARGV[i], ARGV[i + 1], ARGV[i + 2])
end
work_on_batches()
return { changed, locked }
