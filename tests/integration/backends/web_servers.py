"""The commands of the web servers that serve the site of `served`."""

from __future__ import annotations

from gunicorn.config import make_settings

RUNSERVER = ["python", "-m", "django", "runserver", "127.0.0.1:{port}"]
HAS_CONTROL_SOCKET = "control_socket" in make_settings()
"""The oldest supported version of gunicorn has none; newer ones put it into the home directory."""

GUNICORN = [
    *("gunicorn", "tests.apps.served.wsgi", "--bind", "127.0.0.1:{port}"),
    *(("--control-socket", "{directory}/control") if HAS_CONTROL_SOCKET else ()),
]
UVICORN = ["uvicorn", "--host", "127.0.0.1", "--port", "{port}"]
GRANIAN = ["granian", "--host", "127.0.0.1", "--port", "{port}"]

WSGI = "tests.apps.served.wsgi:application"
ASGI = "tests.apps.served.asgi:application"
PLAIN_ASGI = "tests.apps.served.asgi:plain"
