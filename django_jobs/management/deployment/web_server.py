"""The web server of a project: which one is installed, and how it is started."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType

from django.conf import settings
from django.core.management.base import CommandError

from .project import check_texts

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WebServer:
    """A web server for the site.

    Attributes:
        name: of its package; empty for a command that the user gave.
        words: its command without the interpreter, where the address is HOST and PORT.
        tells_systemd: whether it tells systemd that it is ready.
        reloads: whether HUP lets it load the new code.
    """

    name: str
    words: Words
    tells_systemd: bool = False
    reloads: bool = False

    def command(self, interpreter: str, *, host: str, port: str) -> Words:
        """Return the words that start it at an address."""
        words = (word.replace(HOST, host).replace(PORT, port) for word in self.words)
        return tuple(words) if not self.name else (interpreter, "-m", *words)


HOST, PORT = "@HOST@", "@PORT@"
"""Stand for the address. Unlike `$PORT`, they need no quotes in any kind of file."""

WORKERS, THREADS = "2", "4"
"""Processes of the web server, and threads of each."""


def _gunicorn(application: str) -> Words:
    words = ("gunicorn", "--bind", f"{HOST}:{PORT}", "--workers", WORKERS, "--threads", THREADS)
    known = import_module("gunicorn.config").KNOWN_SETTINGS
    # Its socket would be in the home directory, which a confined service cannot write to.
    quiet = ("--no-control-socket",) if any("control_socket" in it.name for it in known) else ()
    return (*words, *quiet, application)


def _granian(interface: str) -> Callable[[str], Words]:
    address = ("--host", HOST, "--port", PORT, "--workers", WORKERS)
    return lambda application: ("granian", "--interface", interface, *address, application)


def _waitress(application: str) -> Words:
    return ("waitress", f"--listen={HOST}:{PORT}", "--threads", THREADS, application)


def _uvicorn(application: str) -> Words:
    return ("uvicorn", "--host", HOST, "--port", PORT, "--workers", WORKERS, application)


def _hypercorn(application: str) -> Words:
    return ("hypercorn", "--bind", f"{HOST}:{PORT}", "--workers", WORKERS, application)


def _daphne(application: str) -> Words:
    return ("daphne", "-b", HOST, "-p", PORT, application)


WSGI: Mapping[str, Callable[[str], Words]] = MappingProxyType(
    {"gunicorn": _gunicorn, "granian": _granian("wsgi"), "waitress": _waitress}
)
# Django's application does not answer the lifespan protocol, hence granian's "nl".
ASGI: Mapping[str, Callable[[str], Words]] = MappingProxyType(
    {
        "uvicorn": _uvicorn,
        "granian": _granian("asginl"),
        "hypercorn": _hypercorn,
        "daphne": _daphne,
    }
)


def find_web_server(*, given: str | None, asgi: bool) -> WebServer | None:
    """Return the web server of the site, or None if none is installed.

    A site with `ASGI_APPLICATION` in its settings is served with ASGI, any other one with WSGI if
    a server for it is installed.

    Args:
        given: a command line to use instead; empty for no web server.
        asgi: whether to serve with ASGI in any case.

    Raises:
        CommandError: the given command line cannot be split into words.
    """
    if given is not None:
        return WebServer("", _split(given)) if given else None
    kinds = (
        [("asgi", ASGI)]
        if asgi or _setting("ASGI_APPLICATION")
        else [("wsgi", WSGI), ("asgi", ASGI)]
    )
    for interface, servers in kinds:
        application = _application(interface)
        for name, words in servers.items():
            if application and find_spec(name):
                gunicorn = name == "gunicorn"
                return WebServer(name, words(application), tells_systemd=gunicorn, reloads=gunicorn)
    return None


def _split(command: str) -> Words:
    check_texts([command])
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        raise CommandError(f"--web: {error} in {command!r}.") from error


def _setting(name: str) -> str:
    return str(getattr(settings, name, None) or "")


def _application(interface: str) -> str:
    """Return where the application is, as `module:name`, or "" if that cannot be known."""
    configured = _setting(f"{interface.upper()}_APPLICATION")
    if configured:
        module, _, name = configured.rpartition(".")
        return f"{module}:{name}"
    package = _setting("ROOT_URLCONF").rpartition(".")[0]
    module = f"{package}.{interface}" if package else interface
    return f"{module}:application" if find_spec(module) else ""
