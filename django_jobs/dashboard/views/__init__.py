"""The views of the dashboard, from the request through the broker's inspection to a template."""
