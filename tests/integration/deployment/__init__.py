"""Deployment files for a project, as its operator gets them."""
