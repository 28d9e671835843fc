"""Numbers, times and texts as a person at a terminal reads them."""

from __future__ import annotations

from django.utils.timezone import localtime

from django_jobs.clock import from_ms

NONE = "–"
UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def count(number: int, noun: str) -> str:
    """Return "1 job", "2 jobs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def span(milliseconds: int) -> str:
    """Return a duration in its two largest units: "3 h 12 min", or "0.4 s"."""
    if milliseconds < 10_000:
        return f"{max(0, milliseconds) / 1000:.1f} s"
    rest = milliseconds // 1000
    parts: list[tuple[int, str]] = []
    for unit, size in UNITS:
        number, rest = divmod(rest, size)
        if number or parts:
            parts.append((number, unit))
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number)


def instant(milliseconds: int | None) -> str:
    """Return Unix milliseconds in the site's time zone."""
    if milliseconds is None:
        return NONE
    return f"{localtime(from_ms(milliseconds)):%Y-%m-%d %H:%M:%S %Z}"


def printable(text: str) -> str:
    """Return text of others with nothing in it that a terminal would obey."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1]
        for letter in text
    )
