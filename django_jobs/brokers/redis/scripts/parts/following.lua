-- What follows from what was noted: edges are followed to the jobs that wait, a portion with each call.
-- Parts: expect, fields, shapes, many, retention, edges, additions, members, ends.
-- Entered by: enter_batches.

local MOMENT = string.format('%.0f', now)
local discarded = {} -- ids of nodes that failed edges have ended, each behind the time

-- Counts a failed edge, which a node that waits does not survive.
local function fail_node(id, failure)
  local state, batch, edges, failed, queue = unpack(read(id, 's', 'B', 'E', 'U', 'q'), 1, 5)
  if not (state and batch) then return end
  failed = string.format('%d', (tonumber(failed) or 0) + 1)
  if state ~= 'waiting' or not edges then
    redis.call('HSET', P .. 'j:' .. id, 'U', failed)
    return
  end
  redis.call('HSET', P .. 'j:' .. id, 'U', failed, 's', 'discarded', 'f', MOMENT, 'D', '1', 'M', '1')
  could('ZREM', P .. 'y:' .. queue, id)
  add_failure(id, failure)
  node_failed(id, batch)
  discarded[#discarded + 1], discarded[#discarded + 2] = MOMENT, id
end

-- Fails the nodes to which edges of a source lead, and lists those that have ended together.
local function fail_nodes(ids, source)
  local message = read(source, 'G')[1] and ADDED_FAILED_MESSAGE or UPSTREAM_FAILED_MESSAGE
  local failure = failure_of(UPSTREAM_FAILED, string.format(message, source), '', 0)
  for _, id in ipairs(ids) do fail_node(id, failure) end
  finish('discarded', discarded, {})
  discarded = {}
end

-- Lets an ended node, or a callback, wait for its open edges.
local function wait_again(id, batch, state, missed)
  could('ZREM', P .. 's:' .. state, id)
  could('ZREM', P .. 'expiries', id)
  if batch then member_came_back(id, batch, state, missed) end
  redis.call('HDEL', P .. 'j:' .. id, 'k', 'c', 'b', 'm', 'f', 'w', 'v', 'p', 'h', 'D')
  redis.call('HSET', P .. 'j:' .. id, 's', 'waiting')
  wait_in_queue(id)
end

-- Counts a failed edge less; a node that was discarded for its failed edges waits again when none is left.
local function return_node(id)
  local state, batch, missed, failed, is_upstream = unpack(read(id, 's', 'B', 'M', 'U', 'D'), 1, 5)
  if not state then return end
  if (tonumber(failed) or 0) > 1 then
    redis.call('HINCRBY', P .. 'j:' .. id, 'U', -1)
    return
  end
  redis.call('HDEL', P .. 'j:' .. id, 'U')
  if is_upstream and batch then wait_again(id, batch, state, missed) end
end

-- Lets a node of a workflow that succeeded be forgotten in its time.
local function hand_over(id)
  local state, enqueued_with = unpack(read(id, 's', 'e'), 1, 2)
  if not is_one_of(state, ENDED) or redis.call('ZSCORE', P .. 'expiries', id) then return end
  local _, _, result_ttl = terms(enqueued_with or '')
  local kept = KEPT_MS[state] or tonumber(result_ttl) or 0
  redis.call('PEXPIRE', P .. edges_of('needs', id), kept)
  could('ZADD', P .. 'expiries', now + kept, id)
end

local function drop_node(id)
  redis.call('UNLINK', P .. edges_of('success', id), P .. edges_of('end', id), P .. edges_of('needs', id))
end

local function forget_node(id, workflow)
  local state, batch, queue, added = unpack(read(id, 's', 'B', 'q', 'A'), 1, 4)
  drop_node(id)
  if added then end_additions(id, added) end
  if not state or batch ~= workflow or redis.call('ZSCORE', P .. 'expiries', id) then return end
  could('ZREM', P .. (state == 'waiting' and 'y:' .. queue or 's:' .. state), id)
  forget({ id })
end

-- Lets nodes that an attempt has added join the workflow, those of its whole calls, and forgets the others.
local function settle_added(ids, attempt, followed)
  local adder, whole = string.match(attempt, '^(.+):%d+:(%d+)$')
  local workflow = read(adder, 'B')[1]
  for i, id in ipairs(ids) do
    local state, of_adder, batch, queue = unpack(read(id, 's', 'P', 'B', 'q'), 1, 4)
    if state and of_adder == adder and not batch then
      if workflow and followed + i <= tonumber(whole) then
        redis.call('HSET', P .. 'j:' .. id, 'B', workflow)
        could('RPUSH', P .. 'i:' .. workflow, id)
        release(id)
      else
        drop_node(id)
        could('ZREM', P .. 'y:' .. queue, id)
        forget({ id })
      end
    end
  end
end

-- What follows for each job to which an edge of an event leads.
local ACTIONS = {
  success = release, ['end'] = release, death = release, seal = release,
  failure = fail_nodes, back = return_node, over = hand_over, gone = forget_node, drop = false, added = settle_added,
  added_success = false, added_failure = false, added_back = false,
}

local function follow_each(event, name, ids, followed)
  if event == 'failure' then return fail_nodes(ids, name) end
  if event == 'added' then return settle_added(ids, name, followed) end
  for _, id in ipairs(ids) do ACTIONS[event](id, name) end
end

-- Returns the list of the jobs that an event of something concerns.
local function concerned(event, name)
  if event == 'over' or event == 'gone' then return 'i:' .. name end
  if event == 'added' then return edges_of('added', string.match(name, '^(.+):%d+$')) end
  return edges_of((event == 'failure' or event == 'back') and 'success' or event, name)
end

-- Ends an event whose edges were all followed.
local function close_event(event, name)
  redis.call('LPOP', P .. 'happened')
  if ADDED[event] then
    added_changed(name, unpack(ADDED[event]))
  elseif event == 'drop' then
    drop_node(name)
  elseif event == 'added' then
    redis.call('UNLINK', P .. concerned(event, name))
  elseif event == 'gone' then
    redis.call('UNLINK', P .. 'i:' .. name, P .. edges_of('seal', name))
  elseif ACTIONS[event] == release then
    redis.call('UNLINK', P .. edges_of(event, name))
  end
end

-- Follows some edges of the first event. Returns whether there was one.
local function follow_first()
  local noted = redis.call('LINDEX', P .. 'happened', 0)
  if not noted then return false end
  local event, name, followed = string.match(noted, '^([%l_]+):([^@]+)@?(%d*)$')
  if not event or ACTIONS[event] == nil then
    redis.call('LPOP', P .. 'happened') -- nothing of ours
    edges_left = edges_left - 1
    return true
  end
  local most, list, first = edges_left, concerned(event, name), tonumber(followed) or 0
  local ids = size('LLEN', list) and redis.call('LRANGE', P .. list, first, first + most - 1) or {}
  follow_each(event, name, ids, first)
  if #ids < most then
    close_event(event, name)
  else
    redis.call('LSET', P .. 'happened', 0, string.format('%s:%s@%d', event, name, first + #ids))
  end
  edges_left = edges_left - math.max(1, #ids)
  return true
end

-- Counts what was noted of members, and follows some edges of the events that were noted first, if all keys are of
-- their type that this writes to. Returns whether this call may follow no more.
local function follow_edges()
  count_members()
  for _, index in ipairs({ 's:scheduled', 's:discarded', 'expiries' }) do
    if not size('ZCARD', index) then return end
  end
  if not size('LLEN', 'happened') then return end
  edges_left = math.max(edges_left, FEWEST_EDGES)
  repeat
    while edges_left > 0 and follow_first() do take_notes() end
    local may_have_ended = #changed > 0 -- which is an event in turn
    write_member_counts()
  until not may_have_ended or edges_left <= 0
  return edges_left <= 0
end
