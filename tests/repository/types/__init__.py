"""What type checkers see of a site's tasks."""
