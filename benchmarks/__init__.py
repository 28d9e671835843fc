"""Compares the speed of job queues on one machine; README.md explains the modules."""
