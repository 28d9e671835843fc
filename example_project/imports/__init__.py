"""Imports posts from CSV files, each as a batch of jobs."""
