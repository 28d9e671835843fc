"""Tests of the contract, which run on both brokers."""
