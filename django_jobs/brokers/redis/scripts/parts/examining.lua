-- How the doctor goes through a portion of the keys, or of a collection's members.
-- Parts: doctor_call, check_keys, check_members.

local collections = {} -- that were come across, other than jobs

-- Returns the names of the portion, and where the next one begins.
local function scan_keys()
  local pattern = string.gsub(P, '[%[%]%?%*\\]', '\\%0') .. '*'
  local found = redis.call('SCAN', CURSOR, 'MATCH', pattern, 'COUNT', PORTION)
  local names = {}
  for n, key in ipairs(found[2]) do
    names[n] = string.sub(key, #P + 1)
  end
  return names, found[1]
end

local function scan_members()
  local wanted = KEY_TYPES[family(COLLECTION)]
  local command = ({ set = 'SSCAN', zset = 'ZSCAN', hash = 'HSCAN' })[wanted]
  if redis.call('TYPE', P .. COLLECTION).ok ~= wanted then return {}, '0' end
  local found = redis.call(command, P .. COLLECTION, CURSOR, 'COUNT', PORTION)
  if wanted == 'set' then return found[2], found[1] end
  local names = {}
  for i = 1, #found[2], 2 do
    names[#names + 1] = found[2][i]
  end
  return names, found[1]
end

-- Looks at the type only, before anything relies on it: jobs come later, as they need indexes.
local function look_at_type(name)
  local kind = family(name)
  if kind == 'j:' or kind == 'e:' then return end
  if check_type(name) and KEY_TYPES[kind] ~= 'list' and KEY_TYPES[kind] ~= 'string' then
    collections[#collections + 1] = name
  end
end

local function look_at_key(name)
  local kind = family(name)
  if kind == 'j:' or kind == 'e:' then
    if check_type(name) then check_key(name) end
  elseif KEY_TYPES[kind] and not is_of_wrong_type(name) then
    check_key(name)
  end
end

local LOOKS = {
  types = look_at_type,
  keys = look_at_key,
  members = function(name) check_member(COLLECTION, name) end,
}

-- Looks at each name of the portion. `act` is called with what was found at each.
local function go_through(act)
  local names, next_cursor = (LOOK == 'members' and scan_members or scan_keys)()
  local told = {}
  for _, name in ipairs(names) do
    LOOKS[LOOK](name)
    for _, finding in ipairs(findings) do
      if act(finding) then tell(finding, told) end
    end
    findings = {}
  end
  return { next_cursor, told, collections }
end
