"""Accounts: joining, profiles, pictures, leaving."""
