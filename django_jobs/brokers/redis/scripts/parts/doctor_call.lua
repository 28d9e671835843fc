-- What a call of the doctor says, from its ARGV: see `examine.lua`.

local LOOK = ARGV[1]
local LEASE_MS = tonumber(ARGV[2])
local CURSOR = ARGV[3]
local PORTION = tonumber(ARGV[4])
local COLLECTION = ARGV[5]
