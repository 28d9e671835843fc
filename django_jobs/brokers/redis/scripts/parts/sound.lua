-- Which stored jobs can run; relies on no locals but those of its parts.
-- Parts: shapes.

local function are_sound(priority, enqueued_at, result_ttl, run_at, expires_at)
  return priority and is_instant(enqueued_at) and is_amount(result_ttl, 15)
    and (run_at == '' or is_instant(run_at)) and (expires_at == '' or is_instant(expires_at))
end

-- Finds the result_ttl in what a job was enqueued with: false where that is not what we write. It is
-- kept, as jobs that were enqueued together have the same.
local result_ttls = {}
local function result_ttl_of(job)
  if result_ttls[job.e] == nil then
    result_ttls[job.e] = are_sound(terms(job.e)) and select(3, terms(job.e)) or false
  end
  return result_ttls[job.e]
end

-- Tells whether a later release wrote a job, in a format that this one does not know. Every format has the
-- fields s, q, e, k, p and r as they are here.
local function is_newer(job)
  return job.r and is_amount(job.r, 9) and tonumber(job.r) > JOB_FORMAT
end

-- Tells whether all fields that a job needs are there, and all that are there are what we write. Counters have so many
-- digits at most that they stay exact when Lua writes them; attempts fewer, as no Retry gives a job more than a million.
local function is_sound(job)
  return job.t and job.q and job.a and job.e and result_ttl_of(job)
    and (not job.n or is_amount(job.n, 9)) and (not job.k or is_amount(job.k, 7)) and (not job.c or is_amount(job.c, 9))
    and (not job.u or is_instant(job.u)) and (not job.b or is_instant(job.b)) and (not job.m or is_instant(job.m))
    and (not job.r or is_amount(job.r, 9))
end
