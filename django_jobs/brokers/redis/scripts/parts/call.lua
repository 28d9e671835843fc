-- What a call of `reserve.lua` says, from its ARGV, and what its answer collects; relies on `P` and `now`.

local worker, lane, call, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local lease, max_crashes = tonumber(ARGV[5]), tonumber(ARGV[6])
local shares, settlements = tonumber(ARGV[7]), tonumber(ARGV[8])
local SETTLEMENT = 6 -- values of each one
local FIRST_SHARE = 9
local LAST_SHARE = FIRST_SHARE + 2 * shares - 2
local FIRST_SETTLEMENT = LAST_SHARE + 2
local FIRST_WRITE = FIRST_SETTLEMENT + SETTLEMENT * settlements
local PORTION = 1000
local NOW = string.format('%.0f', now) -- Redis takes longer to write a number than to take a text

local answered = P .. lane .. ':' .. worker
local flight = P .. 'f:' .. worker
local claims, refused = {}, {}
local buried, metadata = {}, {}

local function append(list, score, id)
  list[#list + 1] = score
  list[#list + 1] = id
end

local function text(number)
  return string.format('%d', number)
end
