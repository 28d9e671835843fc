"""Django's own tests of its Tasks framework, run on the backends of django_jobs."""
