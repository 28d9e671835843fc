-- The jobs that wait for others, and what brings them to their queues.
-- Parts: expect, shapes, fields, many, places, retention.
-- Entered by: enter_batches.
--
-- An event is only noted. The next calls of workers follow its edges (following.lua), a portion each, so that no end
-- holds Redis up, however many jobs wait for it.

local edges_left = EDGES_PER_CALL -- how many edges this call may still follow

local EVENTS = { 'success', 'end', 'death' }

-- Returns the list of the jobs that wait for an event of a node.
local function edges_of(event, node)
  return 'k:' .. event .. ':' .. node
end

-- Notes that something has happened. If the key is of another type, the doctor finds what was not noted.
local function note_event(event, node)
  could('RPUSH', P .. 'happened', event .. ':' .. node)
end

-- Lists a job that waits for others among the waiting ones of its queue.
local function wait_in_queue(id)
  local queue = read(id, 'q')[1]
  redis.call('SADD', P .. 'queues', queue)
  could('ZADD', P .. 'y:' .. queue, BEHIND_ALL + redis.call('INCR', P .. 'seq'), id)
end

-- Closes an edge; if it was the last one, brings the job to its queue, or to its time.
local function release(id)
  local state, queue, enqueued_with, turn, edges = unpack(read(id, 's', 'q', 'e', 'y', 'E'), 1, 5)
  if not (state and edges) then return end
  if (tonumber(edges) or 0) > 1 then
    redis.call('HINCRBY', P .. 'j:' .. id, 'E', -1)
    return
  end
  redis.call('HDEL', P .. 'j:' .. id, 'E')
  if state ~= 'waiting' then return end
  could('ZREM', P .. 'y:' .. queue, id)
  local priority, _, _, run_at = terms(enqueued_with or '')
  if tonumber(run_at or '') and tonumber(run_at) > now then
    redis.call('HSET', P .. 'j:' .. id, 's', 'scheduled')
    could('ZADD', P .. 's:scheduled', run_at, id)
  else
    redis.call('HSET', P .. 'j:' .. id, 's', 'queued', 'u', string.format('%.0f', now))
    enqueue(id, queue, priority or 0, turn)
  end
  mark(queue)
end

-- Forgets the jobs that wait for what cannot happen any more.
local function drop_edges(event, node)
  local edges = edges_of(event, node)
  if not size('LLEN', edges) then return end
  for _, id in ipairs(redis.call('LRANGE', P .. edges, 0, -1)) do
    local state, queue = unpack(read(id, 's', 'q'), 1, 2)
    if state == 'waiting' then
      could('ZREM', P .. 'y:' .. queue, id)
      forget({ id })
    end
  end
  redis.call('UNLINK', P .. edges)
end
