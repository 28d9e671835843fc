"""Where jobs wait: one contract, in memory or in Redis."""
