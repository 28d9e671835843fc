"""A day of editors on a real site of Wagtail, whose tasks know nothing of django_jobs."""
