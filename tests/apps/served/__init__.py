"""A site that does nothing but enqueue, for tests that serve it by real servers."""
