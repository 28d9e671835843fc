"""The commands of the web servers that serve the site of `served`."""

from __future__ import annotations

RUNSERVER = ["python", "-m", "django", "runserver", "127.0.0.1:{port}"]
GUNICORN = [
    *("gunicorn", "tests.backends.served.wsgi", "--bind", "127.0.0.1:{port}"),
    *("--control-socket", "{directory}/control"),
]
UVICORN = ["uvicorn", "--host", "127.0.0.1", "--port", "{port}"]
GRANIAN = ["granian", "--host", "127.0.0.1", "--port", "{port}"]

WSGI = "tests.backends.served.wsgi:application"
ASGI = "tests.backends.served.asgi:application"
PLAIN_ASGI = "tests.backends.served.asgi:plain"
