"""Modules whose tasks the tests of the registry look up by name."""
