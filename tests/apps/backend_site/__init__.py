"""A site with tasks that end in every way."""
