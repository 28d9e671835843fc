"""What a visitor's own clicks set going in the background."""
