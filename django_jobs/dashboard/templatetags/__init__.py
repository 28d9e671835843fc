"""The template library of the dashboard."""
