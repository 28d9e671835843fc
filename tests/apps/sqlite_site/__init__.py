"""A site on SQLite whose jobs write at the same time."""
