-- What a call of `exchange.lua` asks for, and what its reply collects.

local worker, tag, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local quotas, settlements, at_once = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local SETTLEMENT = 6 -- values of each one
local FIRST_QUOTA = 7
local LAST_QUOTA = FIRST_QUOTA + 2 * quotas - 2
local FIRST_SETTLEMENT = LAST_QUOTA + 2
local FIRST_WRITE = FIRST_SETTLEMENT + SETTLEMENT * settlements
local PORTION = 1000
local NOW = string.format('%.0f', now) -- Redis takes longer to write a number than to take a text

local flight = P .. 'f:' .. worker
local claims, refused = {}, {}
local dead, metadata, damaged, members = {}, {}, {}, {}
local newest_format = 0 -- of the jobs that could not be claimed for it
local moves = 0 -- how many jobs and keys the call has moved because of limits

local function append(list, score, id)
  local n = #list
  list[n + 1], list[n + 2] = score, id
end

local function text(number)
  return string.format('%d', number)
end
