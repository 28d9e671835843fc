"""A site that sends recaps, in several processes."""
