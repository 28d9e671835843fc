"""Processes that are workers: one alone, or several under one parent."""
