"""A small site for the other backends of `django.tasks`; a system's head has its settings."""
