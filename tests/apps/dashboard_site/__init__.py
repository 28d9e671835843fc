"""A site whose jobs have secrets in their arguments."""
