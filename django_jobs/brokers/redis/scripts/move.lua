-- Moves jobs that wait in one queue to another one.
--
-- Parts: full, expect, shapes, fields, places, cancelling.
-- KEYS[1]: prefix. ARGV: the queue, the other queue, 1 to pause the other one in the same step; ids.
-- Returns the ids of the jobs that waited in the first queue.
-- Invariant: a queued or waiting job keeps its place, unless one of the queues has turns, and a scheduled or retrying one its due time.
local source, target, held = ARGV[1], ARGV[2], ARGV[3] == '1'
local moved, some_are_queued = {}, false
expect_queue(source)
expect('ZCARD', 'y:' .. source)
expect_queue(target)
if held then
  redis.call('SADD', P .. 'paused', target)
  redis.call('DEL', P .. 'm:' .. target)
end
for i = 4, #ARGV do
  local id = ARGV[i]
  local said, queue, enqueued_with, turn, edges, limits = unpack(read(id, 's', 'q', 'e', 'y', 'E', 'x'), 1, 6)
  local state = state_of(id, said, queue, limits)
  local has_place = is_one_of(state, LINED_UP)
  local score = has_place and redis.call('ZSCORE', P .. (state == 'queued' and 'q:' or 'y:') .. source, id)
  if queue == source and is_one_of(state, MOVABLE) and (score or not has_place) and not edges then
    if score then
      if is_turn(score) or redis.call('EXISTS', P .. 'v:' .. target) == 1 then
        enqueue(id, target, terms(enqueued_with or '') or 0, turn)
      else
        redis.call('ZADD', P .. 'q:' .. target, score, id)
      end
      take_out(id, state, source)
      some_are_queued = true
    end
    redis.call('HSET', P .. 'j:' .. id, 'q', target)
    moved[#moved + 1] = id
  end
end
if some_are_queued then mark(target) end
return moved
