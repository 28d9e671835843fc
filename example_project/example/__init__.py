"""The example site: a small feedback board that lives on background jobs."""
