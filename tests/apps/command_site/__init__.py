"""A site whose commands are run as processes of their own."""
