"""Demo data for the board."""
