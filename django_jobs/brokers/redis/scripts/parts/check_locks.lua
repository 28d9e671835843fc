-- What can be wrong with the locks of unique jobs.
-- Parts: findings, fields, locks.

local function check_lock(name, digest)
  if string.find(peek('GET', name) or '', '^kept:%d+:%S+$') then
    check_expiry(name, DAY_MS)
    return
  end
  local holder, successor = noted(digest)
  if not holder then
    report('unreadable_value', name, 'who holds a lock', removal_of(name))
  elseif not needs_lock(holder, digest) then
    report('stray_lock', digest, holder, function()
      if not begin_successor(digest, successor) then redis.call('UNLINK', P .. name) end
    end)
  end
end

-- Tells whether a lock is held, or kept.
local function is_held_by_somebody(digest)
  local holder, _, is_kept = noted(digest)
  return holder and (is_kept or needs_lock(holder, digest))
end

-- Tells whether a job may do without its lock: it has lost that at its start, as its time is over, or as its batch was
-- cancelled, and another job may have had it since.
local function may_have_lost_lock(job, until_when)
  if job.B and is_batch_cancelled(job.B) then return true end
  local expires_at = tonumber((select(5, terms(job.e or ''))) or '')
  return until_when == 's' and job.n ~= nil or expires_at ~= nil and expires_at <= now
end

local function check_lock_of(id)
  if awaits_lock(id) then return end -- `check_place` looks at it
  local job = read_all(id)
  local digest, until_when = lock_parts(job.l)
  if not digest or not needs_lock(id, digest) or may_have_lost_lock(job, until_when) then return end
  if not is_held_by_somebody(digest) then
    report('lost_lock', id, '', function() take_lock(id, job.l) end)
  end
end

-- Tells whether a job is the one that gets its lock next, so that it must not be due.
local function is_successor(id, job)
  local digest = digest_of(job.l)
  return digest ~= nil and select(2, noted(digest)) == id
end

-- Lets a job without a due time wait for the job that holds its lock, or makes it due if none does.
local function wait_or_begin(id, job)
  local digest = digest_of(job.l)
  if digest then
    local holder, successor, is_kept = holder_of(digest)
    if not holder and begin_successor(digest, id) then return end
    if holder and holder ~= id and not is_kept and not (successor and awaits_lock(successor)) then
      redis.call('SET', P .. 'l:' .. digest, holder .. ' ' .. id)
      return
    end
  end
  redis.call('ZADD', P .. 's:scheduled', now, id)
end
