"""Deployment files for the project that the command runs in."""
