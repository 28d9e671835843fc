"""The dashboard: pages that show jobs, queues and workers and let people manage them."""
