"""Ties to other projects, each in a package that only sites which want it import."""
