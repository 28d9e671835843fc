-- The counts of batches, and what happens to a batch when its members end.
-- Parts: expect, fields, locks, retention, member_notes, edges, additions, workflows.
-- Entered by: enter_batches.
--
-- Changes of counts are collected, and written once a call. So what happens to members is noted first, and then what
-- happens to their batches, in the order in which they changed.

local changes, changed = {}, {} -- by id of a batch: field -> by how much it changes; the ids in order

local function count(batch, field, by)
  local of_batch = changes[batch] or {}
  if not changes[batch] then changes[batch], changed[#changed + 1] = of_batch, batch end
  of_batch[field] = (of_batch[field] or 0) + by
end

-- Says in the record of a member, if that is still there, that its end was against its wish.
local function note_missed(id, batch)
  count(batch, 'missed', 1)
  if read(id, 's')[1] then redis.call('HSET', P .. 'j:' .. id, 'M', '1') end
end

-- Tells whether a job that its worker discarded with a failure asked for that.
local function asked_for_it(failure)
  return not is_one_of(string.match(failure, '^%["([^"]*)"'), AGAINST_WISH)
end

-- Notes that a node has ended. If its attempt has added others, these join the workflow, and it is not over yet.
local function node_ended(id, batch, succeeded)
  local added, adder, token = unpack(read(id, 'A', 'P', 'n'), 1, 3)
  local kept = added and end_additions(id, added, succeeded and token) or 0
  if kept == 0 then return node_is_over(id, succeeded, adder) end
  count(batch, 'total', kept)
  count(batch, 'open', kept)
end

-- Notes that a node that has not ended is forgotten.
local function node_vanished(id, adder, added)
  if added then end_additions(id, added) end
  node_is_over(id, false, adder)
end

-- Notes that nothing will happen to a node any more.
local function node_deleted(id)
  note_event('drop', id)
end

-- What each note changes.
local COUNTED = {}

function COUNTED.ended(id, batch, state, failure)
  count(batch, 'open', -1)
  count(batch, state, 1)
  if state == 'dead' then
    could('ZADD', P .. 'z:' .. batch, now, id)
  elseif state == 'discarded' and not (failure and asked_for_it(failure)) then
    note_missed(id, batch)
  end
  if is_workflow(batch) then node_ended(id, batch, state == 'succeeded') end
end

function COUNTED.failed(id, batch)
  count(batch, 'open', -1)
  count(batch, 'discarded', 1)
  count(batch, 'missed', 1)
  node_ended(id, batch, false)
end

function COUNTED.deleted(id, batch, state, adder, added)
  if is_one_of(state, ENDED) then
    could('ZREM', P .. 'z:' .. batch, id)
  else
    count(batch, 'open', -1)
    count(batch, 'discarded', 1)
    count(batch, 'missed', 1)
    if is_workflow(batch) then node_vanished(id, adder, added) end
  end
  if is_workflow(batch) then node_deleted(id) end
end

function COUNTED.came_back(id, batch, state, missed)
  count(batch, 'open', 1)
  count(batch, state, -1)
  if state == 'dead' then could('ZREM', P .. 'z:' .. batch, id) end
  if missed then
    count(batch, 'missed', -1)
    redis.call('HDEL', P .. 'j:' .. id, 'M')
  end
  if is_workflow(batch) then node_goes_on(id, read(id, 'P')[1]) end
end

local called_off = { ended = {}, expiries = {} } -- members of cancelled batches, as `finish` takes them

function COUNTED.called_off(id, batch)
  local lock = read(id, 'l')[1]
  if lock then free_lock(id, lock) end
  redis.call('HSET', P .. 'j:' .. id, 's', 'discarded', 'f', now, 'M', '1')
  table.insert(called_off.ended, now)
  table.insert(called_off.ended, id)
  if is_workflow(batch) then
    node_ended(id, batch, false)
  else -- a node is kept by its workflow
    table.insert(called_off.expiries, now + KEPT_MS.discarded)
    table.insert(called_off.expiries, id)
  end
  count(batch, 'open', -1)
  count(batch, 'discarded', 1)
  count(batch, 'missed', 1)
end

local BATCH_FIELDS = {
  'opened', 'held', 'open', 'dead', 'missed', 'cancelled', 'abandoned', 'ended', 'workflow',
  'happened_success', 'happened_end', 'happened_death',
}

-- Returns what a batch says of its state, by the names of its fields; nothing if there is no such batch.
local function read_batch(batch)
  local got, named = redis.pcall('HMGET', P .. 'c:' .. batch, unpack(BATCH_FIELDS)), {}
  if got.err or not got[1] then return nil end
  for i, field in ipairs(BATCH_FIELDS) do named[field] = got[i] or nil end
  return named
end

local function is_positive(text)
  return (tonumber(text) or 0) > 0
end

-- Tells whether every member succeeded, or was discarded by its own wish.
local function is_complete(said)
  return not (is_positive(said.dead) or is_positive(said.missed) or said.cancelled or said.abandoned)
end

-- Returns what lists the ended batches, or the ended workflows, by when they are forgotten.
local function expiries_of(said)
  return said.workflow and 'workflow_expiries' or 'batch_expiries'
end

-- Forgets a batch with the callbacks that still wait, or a workflow with its nodes.
local function forget_batch(batch)
  for _, event in ipairs(EVENTS) do drop_edges(event, batch) end
  if is_workflow(batch) then note_event('gone', batch) end
  redis.call('UNLINK', P .. 'c:' .. batch, P .. 'z:' .. batch)
  for _, index in ipairs({ 'batches', 'workflows', 'held', 'batch_expiries', 'workflow_expiries' }) do
    could('ZREM', P .. index, batch)
  end
end

-- Forgets the ended batches above their limit, a few at a time, those first whose time is over first.
local function forget_excess(expiries)
  local excess = (size('ZCARD', expiries) or 0) - BATCHES_KEPT
  if excess <= 0 then return end
  for _, batch in ipairs(redis.call('ZRANGE', P .. expiries, 0, math.min(excess, 3) - 1)) do
    forget_batch(batch)
  end
end

-- Notes when a batch ended, or that it goes on after all. Adds what to write to its fields.
local function note_end(batch, said, is_over, fields)
  if is_over and not said.ended then
    fields[1], fields[2] = 'ended', string.format('%.0f', now)
    local kept_ms = is_positive(said.dead) and KEPT_MS.dead or BATCH_KEPT_MS
    could('ZADD', P .. expiries_of(said), now + kept_ms, batch)
    forget_excess(expiries_of(said))
  elseif not is_over and said.ended then
    redis.call('HDEL', P .. 'c:' .. batch, 'ended')
    could('ZREM', P .. expiries_of(said), batch)
  end
end

-- Notes what has happened to a batch after a change. That takes as long as to follow some edges.
local function look_at_batch(batch)
  edges_left = edges_left - EDGES_FOR_BATCH
  local said = read_batch(batch)
  if not said then return end
  local is_over, fields = not said.held and not is_positive(said.open), {}
  note_end(batch, said, is_over, fields)
  local happens = {
    death = is_positive(said.dead) or said.abandoned,
    success = is_over and is_complete(said),
    ['end'] = is_over,
  }
  for _, event in ipairs({ 'death', 'success', 'end' }) do
    if happens[event] and not said['happened_' .. event] then
      fields[#fields + 1], fields[#fields + 2] = 'happened_' .. event, '1'
      note_event(event, batch)
      if event == 'success' and said.workflow then note_event('over', batch) end
    end
  end
  if #fields > 0 then redis.call('HSET', P .. 'c:' .. batch, unpack(fields)) end
  if (happens.success or said.happened_success) and not (happens.death or said.happened_death) then
    drop_edges('death', batch)
  end
  if said.cancelled or said.abandoned then drop_edges('success', batch) end
end

-- Writes the changes of counts, of batches that are still kept.
local function write_member_counts()
  for _, batch in ipairs(changed) do
    if (size('HLEN', 'c:' .. batch) or 0) > 0 then
      for field, by in pairs(changes[batch]) do
        if by ~= 0 then redis.call('HINCRBY', P .. 'c:' .. batch, field, by) end
      end
      redis.call('HINCRBY', P .. 'c:' .. batch, 'counted', 1) -- by which the doctor sees that nothing changed
      look_at_batch(batch)
    end
  end
  changes, changed = {}, {}
end

-- Takes the notes, whose counts are not written yet.
local function take_notes()
  for _, noted in ipairs(member_notes) do COUNTED[noted[1]](unpack(noted, 2, 6)) end
  member_notes = {}
  if #called_off.ended > 0 then finish('discarded', called_off.ended, called_off.expiries) end
  called_off = { ended = {}, expiries = {} }
end

-- Counts what was noted.
local function count_members()
  take_notes()
  write_member_counts()
end

-- Closes a batch: its members alone may add others. A workflow starts.
local function close_batch(batch)
  if is_workflow(batch) and redis.call('HEXISTS', P .. 'c:' .. batch, 'held') == 1 then note_event('seal', batch) end
  redis.call('ZREM', P .. 'held', batch)
  redis.call('HDEL', P .. 'c:' .. batch, 'held')
  look_at_batch(batch)
end
