"""Formats numbers, durations and sizes in the visitor's language."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_jobs.clock import split_duration

UNITS = {
    "d": _("%(number)s d"),
    "h": _("%(number)s h"),
    "min": _("%(number)s min"),
    "s": _("%(number)s s"),
}
BYTES = ("kB", "MB", "GB", "TB")


def number(value: int) -> str:
    """Return a whole number with the separators of the language."""
    return number_format(value, force_grouping=True)


def duration(milliseconds: int) -> str:
    """Return a duration in its two largest units: "3 h 12 min", "0.4 s" or "12 ms"."""
    if milliseconds < 1000:
        return _("%(number)s ms") % {"number": max(0, milliseconds)}
    if milliseconds < 10_000:
        return UNITS["s"] % {"number": number_format(milliseconds / 1000, 1)}
    parts = split_duration(milliseconds // 1000)
    return " ".join(UNITS[unit] % {"number": number(amount)} for amount, unit in parts)


def size(octets: int) -> str:
    """Return an amount of memory: "84 kB", "1.2 GB"."""
    amount = octets / 1000
    for unit in BYTES:
        if amount < 1000 or unit == BYTES[-1]:
            break
        amount /= 1000
    return f"{number_format(amount, 0 if amount >= 100 else 1)} {unit}"


def job_count(count: int) -> str:
    """Return "1 job", "2 jobs"."""
    text = ngettext("%(number)s job", "%(number)s jobs", count)
    return text % {"number": number(count)}


def kept_jobs(count: int) -> str:
    """Return why jobs were not retried whose state permits it."""
    text = ngettext(
        "%(jobs)s was not retried: another job holds its lock, one that it needs has failed, or its"
        " batch was cancelled.",
        "%(jobs)s were not retried: others hold their locks, jobs that they need have failed, or"
        " their batches were cancelled.",
        count,
    )
    return text % {"jobs": job_count(count)}


def optional_duration(milliseconds: float | None) -> str:
    """Return a duration that may be less than a millisecond, or a dash for none."""
    if milliseconds is None:
        return "–"
    return duration(round(milliseconds)) if milliseconds >= 1 else str(_("< 1 ms"))


def percent(part: int, whole: int) -> str:
    """Return a share, or a dash of nothing: "12%", "0.4%", "< 0.1%"."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        text = f"< {number_format(0.1, 1)}"
    else:
        text = number_format(share, 0 if share >= 10 or not share else 1)
    return _("%(number)s%%") % {"number": text}


def encodable(text: str) -> str:
    """Escape lone surrogates, which names of files can bring into error messages."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
