"""The commands of the web servers that serve the site of `served`."""

from __future__ import annotations

RUNSERVER = ["python", "-m", "django", "runserver", "127.0.0.1:{port}"]
GUNICORN = [
    *("gunicorn", "tests.apps.served.wsgi", "--bind", "127.0.0.1:{port}"),
    *("--control-socket", "{directory}/control"),
]
UVICORN = ["uvicorn", "--host", "127.0.0.1", "--port", "{port}"]
GRANIAN = ["granian", "--host", "127.0.0.1", "--port", "{port}"]

WSGI = "tests.apps.served.wsgi:application"
ASGI = "tests.apps.served.asgi:application"
PLAIN_ASGI = "tests.apps.served.asgi:plain"
