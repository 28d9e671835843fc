"""What people are not to read of a job, and how it is hidden."""
