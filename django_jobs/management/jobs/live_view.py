"""Shows the output of a subcommand again and again, until the user interrupts it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import StringIO
from threading import Event
from typing import TypeAlias

from django.core.management.base import OutputWrapper

from django_jobs.clock import now_ms
from django_jobs.errors import BrokerError
from django_jobs.management.formatting import format_time, printable
from django_jobs.waits import wait_out

from .console import Console

SHORTEST_INTERVAL = 0.1
"""Seconds: an operator sees no difference below, and the broker has better things to do."""

# The alternate screen of the terminal, without a cursor and without wrapping of long lines.
ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
REDRAW = "\x1b[H\x1b[J"

Show: TypeAlias = Callable[[Console], None]
"""Writes one view to a console."""


def watch(show: Show, console: Console, *, title: str, seconds: float, as_json: bool) -> None:
    """Show something every few seconds, until Ctrl-C or until nobody reads it any more.

    On a terminal, each view replaces the one before. Elsewhere, each follows the one before, below
    a line with the time; as JSON, each is one line. An outage of the broker does not end it.

    Args:
        title: what is shown, for the first line of a terminal.
        seconds: the pause between two views.

    Raises:
        CommandError: the view cannot be shown.
        BrokerError: the broker does not answer for the first view.
    """
    with suppress(KeyboardInterrupt), _until_unread(console.out):
        if as_json:
            _watch_json(show, console, seconds)
        elif console.out.isatty() and os.environ.get("TERM") != "dumb":
            _watch_on_screen(show, console, title, seconds)
        else:
            _watch_in_order(show, console, seconds)


def _watch_json(show: Show, console: Console, seconds: float) -> None:
    view = replace(console, json_indent=None)
    for error in _repeated(lambda: show(view), seconds):
        if error:
            console.err.write(str(error), str)
        console.out.flush()


def _watch_in_order(show: Show, console: Console, seconds: float) -> None:
    def show_below_time() -> None:
        console.out.write(format_time(now_ms()))
        show(console)
        console.out.write("")

    for error in _repeated(show_below_time, seconds):
        if error:
            console.err.write(str(error), str)
        console.out.flush()


def _watch_on_screen(show: Show, console: Console, title: str, seconds: float) -> None:
    screen = console.out
    lines: list[str] = []

    def take() -> None:
        text = StringIO()
        wrapper = OutputWrapper(text)
        show(replace(console, out=wrapper, err=wrapper))
        lines[:] = text.getvalue().splitlines()

    screen.write(ENTER, ending="")
    try:
        for error in _repeated(take, seconds):
            shown = printable(str(error)).splitlines() if error else lines
            head = f"{title}   every {seconds:g} s   {format_time(now_ms())}   Ctrl-C ends"
            screen.write(REDRAW + "\n".join(_fitted([head, "", *shown], screen)), ending="")
            screen.flush()
    finally:
        screen.write(LEAVE, ending="")
        screen.flush()


def _repeated(step: Callable[[], None], seconds: float) -> Iterator[BrokerError | None]:
    """Take a step every few seconds, and yield after each, with the error of the broker if any."""
    step()
    yield None
    while True:
        wait_out(Event().wait, seconds)
        try:
            step()
        except BrokerError as error:
            yield error
        else:
            yield None


def _fitted(lines: list[str], screen: OutputWrapper) -> list[str]:
    """Return the lines that fit on the screen, the last of which says what is left out."""
    try:
        height = os.get_terminal_size(screen.fileno()).lines
    except OSError:
        height = 24
    if len(lines) <= height:
        return lines
    shown = max(1, height - 1)
    return [*lines[:shown], f"… {len(lines) - shown} more lines"]


@contextmanager
def _until_unread(out: OutputWrapper) -> Iterator[None]:
    """End quietly when the reader of a pipe has gone, as `head` does."""
    try:
        yield
    except BrokenPipeError:
        # Python would complain about the same pipe when it flushes the stream at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
