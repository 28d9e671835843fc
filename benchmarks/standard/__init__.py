"""A small site for other backends of `django.tasks`; a system's declaration has its settings."""
