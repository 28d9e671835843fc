-- The locks of unique jobs: who holds them, and who gets them next.
-- Parts: expect, shapes, fields, places, cancelled_batches.

local was_begun = false -- whether a job has become due that had waited for its lock

-- Takes apart the lock of a job: digest, 's' or 'e' for held until start or end, what a conflict does ('k' to keep
-- the holder, 'x' to refuse the call, 'r' to replace the holder), '1' if nothing may be refused after a commit,
-- and for how many ms the lock is kept after a success. Returns nothing if the text is unreadable.
local function lock_parts(lock)
  return string.match(lock or '', '^([^: ]+):([es])([krx])([01]):(%d+)$')
end

-- Returns the digest of a lock, or nothing if the text is unreadable.
local function digest_of(lock)
  return string.match(lock or '', '^([^: ]+):[es][krx][01]:%d+$')
end

-- Returns until when a job holds its lock: 's' or 'e', or nothing if the text is unreadable.
local function held_until(lock)
  return string.match(lock, '^[^: ]+:([es])[krx][01]:%d+$')
end

-- Returns what is noted of a call that became no job of its own, or ''.
local function noted_call(id)
  local value = redis.pcall('GET', P .. 'a:' .. id)
  return type(value) == 'string' and value or ''
end

-- Returns the job with which a call was merged.
local function merged_with(id)
  local over_at, other = string.match(noted_call(id), '^(%d+):(%S+)$')
  if other and tonumber(over_at) > now then return other end
end

-- Returns what is noted of a lock: its holder, the job that waits for it, and whether it is only kept. Whatever is
-- not what we write counts for nothing, and the next holder overwrites it.
local function noted(digest)
  local value = redis.pcall('GET', P .. 'l:' .. digest)
  if type(value) ~= 'string' then return nil end
  local kept_until, kept = string.match(value, '^kept:(%d+):(%S+)$')
  if kept then
    if tonumber(kept_until) > now then return kept, nil, true end
    return nil
  end
  local holder, successor = string.match(value, '^(%S+) ?(%S*)$')
  if holder == successor then return nil end -- nobody waits for itself
  return holder, successor ~= '' and successor or nil, false
end

-- Tells whether a job waits for its lock, and is not only listed as if it did.
local function awaits_lock(id)
  local score = redis.pcall('ZSCORE', P .. 's:scheduled', id)
  return type(score) == 'string' and tonumber(score) == NO_DUE_TIME and read(id, 'q')[1] and true or false
end

-- Tells whether a job is there, has not ended and has this lock: one that waits for it has it not.
local function needs_lock(id, digest)
  local state, lock = unpack(read(id, 's', 'l'), 1, 2)
  if not state or is_one_of(state, ENDED) or digest_of(lock) ~= digest then return false end
  return state ~= 'scheduled' or not awaits_lock(id)
end

-- Tells whether a job keeps others away from a lock: one does not that has expired before its start, or will be discarded
-- with its batch.
local function keeps_lock(id, digest)
  if not needs_lock(id, digest) then return false end
  local state, enqueued_with, batch = unpack(read(id, 's', 'e', 'B'), 1, 3)
  if state == 'running' then return true end
  if batch and is_batch_cancelled(batch) then return false end
  local expires_at = tonumber((select(5, terms(enqueued_with or ''))) or '')
  return not expires_at or expires_at > now
end

-- Gives a lock to the job that waits for it, which becomes due. Returns its id, or nothing if no job waits.
local function begin_successor(digest, successor)
  if not successor or not awaits_lock(successor) then return nil end
  local queue, enqueued_with = unpack(read(successor, 'q', 'e'), 1, 2)
  local run_at = tonumber((select(4, terms(enqueued_with or ''))) or '') or 0
  redis.call('ZADD', P .. 's:scheduled', math.max(now, run_at), successor)
  redis.call('SET', P .. 'l:' .. digest, successor)
  mark(queue)
  was_begun = true
  return successor
end

-- Returns the job that holds a lock, the one that waits for it, and whether the lock is only kept. A lock that its
-- holder has lost goes to the job that waits for it, and is nobody's if none does.
local function holder_of(digest)
  local holder, successor, is_kept = noted(digest)
  if not holder or is_kept or keeps_lock(holder, digest) then return holder, successor, is_kept end
  return begin_successor(digest, successor)
end

-- Gives a job its lock if that is free, and returns false if another job has it.
local function take_lock(id, lock)
  local digest = lock_parts(lock)
  if not digest then return true end
  local holder, _, is_kept = holder_of(digest)
  if holder and holder ~= id then return false end
  if not holder or is_kept then redis.call('SET', P .. 'l:' .. digest, id) end
  return true
end

-- Frees the lock of a job if the job holds it, or waits for it. Without a successor it may be kept for some time.
local function free_lock(id, lock, kept_ms)
  local digest = lock_parts(lock)
  if not digest then return end
  local holder, successor = noted(digest)
  local key = P .. 'l:' .. digest
  if successor == id then
    redis.call('SET', key, holder)
  elseif holder == id and not begin_successor(digest, successor) then
    if kept_ms and kept_ms > 0 then
      redis.call('SET', key, string.format('kept:%.0f:%s', now + kept_ms, id), 'PX', kept_ms + SWEPT_LATER_MS)
    else
      redis.call('DEL', key)
    end
  end
end

-- Frees the locks of jobs that have succeeded: ids, each followed by its lock. Nearly all are held by their job, nobody
-- waits for them, and they are not kept: these go in two commands.
local function free_locks(unique)
  local keys, kept, deleted = {}, {}, {}
  for i = 2, #unique, 2 do
    local digest, kept_ms = string.match(unique[i], '^([^:]*):...:(%d+)$')
    keys[i / 2], kept[i / 2] = P .. 'l:' .. (digest or ''), kept_ms
  end
  for n, holder in ipairs(redis.call('MGET', unpack(keys))) do
    local id = unique[2 * n - 1]
    if holder == id and kept[n] == '0' then
      deleted[#deleted + 1] = keys[n]
    elseif holder then
      free_lock(id, unique[2 * n], tonumber(kept[n]))
    end
  end
  if #deleted > 0 then redis.call('DEL', unpack(deleted)) end
end

-- Tells whether another job waits for the end of one that runs.
local function has_successor(id, lock)
  local digest = lock_parts(lock)
  if not digest then return false end
  local holder, successor = noted(digest)
  return holder == id and successor ~= nil and awaits_lock(successor)
end
