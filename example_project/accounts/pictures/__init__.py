"""Profile pictures fetched from an address that a stranger chose."""
