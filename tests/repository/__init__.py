"""Tests of the repository: documentation, packaging, deployment, the Makefile, its own measures."""
