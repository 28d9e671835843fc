"""Fixtures of the mail tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from tests.integration.mail.helpers import SMTP, WAYS, Configure
from tests.support.mail_server import MailServer
from tests.support.ports import HOST


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A server that accepts everything, until a test says otherwise."""
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def closed_port(mail_server: MailServer) -> Iterator[None]:
    """Nobody listens where the site looks for its mail server."""
    mail_server.stop()
    yield
    mail_server.start()


@pytest.fixture
def configure(settings: Any) -> Configure:
    """Tells the site to use a server: `configure("mailers", mail_server, username=…)`."""

    def tell(way: str, server: MailServer, *, backend: str = SMTP, **options: Any) -> None:
        where = {"host": HOST, "port": server.port, **options}
        if way == "mailers":
            settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": where}}
            return
        settings.EMAIL_BACKEND = backend
        settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, server.port
        settings.EMAIL_HOST_USER = options.get("username", "")
        settings.EMAIL_HOST_PASSWORD = options.get("password", "")

    return tell


@pytest.fixture(params=WAYS)
def site(request: pytest.FixtureRequest, configure: Configure, mail_server: MailServer) -> str:
    """A site that sends through the server, configured in each way that this Django knows."""
    way: str = request.param
    configure(way, mail_server)
    return way


@pytest.fixture
def media(tmp_path: Path, settings: Any) -> Path:
    """The directory of the default storage, empty."""
    settings.MEDIA_ROOT = str(tmp_path)
    assert default_storage.path("") in {str(tmp_path), f"{tmp_path}/"}
    return tmp_path
