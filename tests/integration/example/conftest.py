"""A small board with people on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.example.pictures import PictureServer
from tests.support.board_fixtures import (  # noqa: F401 (fixtures)
    as_user,
    board,
    make_member,
    member,
    moderator,
    post,
    site,
)


@pytest.fixture
def picture_server() -> Iterator[PictureServer]:
    """A web server on this machine that serves pictures, and worse."""
    server = PictureServer()
    server.start()
    yield server
    server.stop()
