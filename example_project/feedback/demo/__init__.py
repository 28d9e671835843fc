"""A board that looks lived in."""
