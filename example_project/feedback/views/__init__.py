"""Views of the board."""
