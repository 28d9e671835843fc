"""Tests of what only the Redis broker has: connections, addresses, scripts."""
