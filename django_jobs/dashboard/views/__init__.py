"""The dashboard's views, thin ones: from the request to the broker's read side to a template."""
