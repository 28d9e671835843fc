"""Reads the schedule of Celery's beat, and writes it as periodic tasks."""
