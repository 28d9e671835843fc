"""Real servers of each kind: how they are reached, and what happens when they change."""
