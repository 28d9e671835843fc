"""Tests of the example site, through its pages."""
