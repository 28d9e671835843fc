"""Hides secrets in jobs before people see them."""
