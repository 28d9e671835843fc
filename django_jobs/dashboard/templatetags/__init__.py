"""What the dashboard's templates load."""
