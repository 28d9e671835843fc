"""Tests of several parts together, with real servers, processes and browsers."""
