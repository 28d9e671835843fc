"""Shows visitors the jobs that they have enqueued."""
