"""Apps and sites that exist for the tests alone."""
