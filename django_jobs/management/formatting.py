"""Formats numbers, times and texts for a terminal."""

from __future__ import annotations

from django.utils.timezone import localtime

from django_jobs.clock import from_ms, split_duration

NONE = "–"


def format_count(number: int, noun: str) -> str:
    """Return "1 job", "2 jobs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_duration(milliseconds: int) -> str:
    """Return a duration in its two largest units: "3 h 12 min", or "0.4 s"."""
    if milliseconds < 10_000:
        return f"{max(0, milliseconds) / 1000:.1f} s"
    parts = split_duration(milliseconds // 1000)
    return " ".join(f"{number} {unit}" for number, unit in parts)


def format_time(milliseconds: int | None) -> str:
    """Return Unix milliseconds in the site's time zone."""
    if milliseconds is None:
        return NONE
    return f"{localtime(from_ms(milliseconds)):%Y-%m-%d %H:%M:%S %Z}"


def printable(text: str) -> str:
    """Return text with its control characters escaped, so that a terminal does not obey them."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1]
        for letter in text
    )
