"""The example site: a feedback board that uses background jobs."""
