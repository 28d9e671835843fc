-- What the doctor notes, and how it reads keys that may hold anything; relies on `P`.

local findings = {} -- at the name that is looked at

-- Notes a finding. `repair` is called to repair it; nil if that is not possible.
local function report(trouble, where, detail, repair)
  findings[#findings + 1] = { trouble, where, detail, repair }
end

-- Adds a finding to a flat list as the doctor is told of it.
local function tell(finding, list)
  local n = #list
  list[n + 1], list[n + 2], list[n + 3] = finding[1], finding[2], finding[3]
  list[n + 4] = finding[4] and 1 or 0
end

-- Returns the entry of `KEY_TYPES` that a key would have.
local function family(name)
  local letter = string.match(name, '^(%l:)')
  return letter and letter ~= 's:' and letter or name
end

-- Calls a command that only reads. What it can't read is nil, as is what is not there.
local function peek(command, name, ...)
  local got = redis.pcall(command, P .. name, ...)
  if type(got) == 'table' and got.err then return nil end
  return got or nil
end

local function exists(name)
  return redis.call('EXISTS', P .. name) == 1
end

-- Tells whether a key is of a type that is not its own, so that nothing may be written to it.
local function is_of_wrong_type(name)
  local actual = redis.call('TYPE', P .. name).ok
  return actual ~= 'none' and actual ~= KEY_TYPES[family(name)]
end

local function is_leased(worker)
  return peek('ZSCORE', 'leases', worker) ~= nil
end

-- Tells whether a text that somebody may have written is a JSON object or array.
local function is_object(text)
  local good, found = pcall(cjson.decode, text)
  return good and type(found) == 'table'
end

local function removal_of(name)
  return function() redis.call('UNLINK', P .. name) end
end

local function expiry_of(name, ms)
  return function() redis.call('PEXPIRE', P .. name, ms) end
end

local function check_expiry(name, ms)
  if redis.call('PTTL', P .. name) == -1 then
    report('endless_key', name, '', expiry_of(name, ms))
  end
end
