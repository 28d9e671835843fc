"""The site for ASGI servers: once as Django makes it, once as the documentation advises."""

from __future__ import annotations

from django.core.asgi import get_asgi_application

from django_jobs.asgi import lifespan

plain = get_asgi_application()
application = lifespan(plain)
