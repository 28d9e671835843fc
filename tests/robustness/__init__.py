"""Tests of what goes wrong: faults, kills, damage, load, and random commands."""
