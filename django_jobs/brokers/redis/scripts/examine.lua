-- Finds what does not fit together in a portion of the keys, or of a collection's members.
--
-- Parts: examining.
-- KEYS[1]: prefix. ARGV: what is looked at ('types' of keys, 'keys' or 'members'), the lease in ms of a
--   worker that has none, where to begin, how many names to look at, the collection or ''.
-- Returns where the next portion begins ('0' for nowhere); trouble, where, detail, 1 or 0 for whether it
--   can be repaired, of each finding; names of collections, where types were looked at.
return go_through(function() return true end)
