"""The progress bar of bulk changes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import OutputWrapper

from django_jobs.backends import JobBackend
from django_jobs.management.jobs import progress
from django_jobs.management.jobs.progress import Progress
from tests.apps.command_site import tasks


@pytest.fixture
def terminal() -> Iterator[tuple[Any, int]]:
    """A stream that is a real terminal, and the side from which to read what it shows."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream, ours
    os.close(ours)


def shown(stream: Any, ours: int) -> str:
    """All that the terminal shows so far."""
    stream.write("the end")
    stream.flush()
    text = b""
    while not text.endswith(b"the end"):
        text += os.read(ours, 100_000)
    return text.decode().removesuffix("the end")


def test_the_bar_grows_and_is_wiped_at_the_end(
    terminal: tuple[Any, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "REDRAW_INTERVAL", 0)
    stream, ours = terminal
    with Progress(4, OutputWrapper(stream), visible=True) as bar:
        for _ in range(4):
            bar.advance()
    drawings = shown(stream, ours).split("\r\x1b[K")[1:]
    assert [drawing.partition(" of ")[0].rstrip("0123456789, ") for drawing in drawings] == [
        "█" * 8 + "·" * 22,
        "█" * 15 + "·" * 15,
        "█" * 22 + "·" * 8,
        "█" * 30,
        "",
    ]
    assert " 4 of 4 · " in drawings[3]


@pytest.mark.parametrize("verbosity", [0, 1])
def test_bulk_changes_draw_on_terminals_only(
    backend: JobBackend, terminal: tuple[Any, int], verbosity: int
) -> None:
    stream, ours = terminal
    tasks.greet.enqueue()
    arguments = ["delete", "--all", "--state", "queued", "--no-input", "-v", str(verbosity)]
    call_command("jobs", *arguments, stdout=StringIO(), stderr=stream)
    assert shown(stream, ours)[-4:] == ("\r\x1b[K" if verbosity else "")

    tasks.greet.enqueue()
    not_a_terminal = StringIO()
    call_command("jobs", *arguments, stdout=StringIO(), stderr=not_a_terminal)
    assert not_a_terminal.getvalue() == ""
