"""Tests of the helpers for the tests of sites."""
