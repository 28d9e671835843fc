"""A site whose workers are processes of their own."""
