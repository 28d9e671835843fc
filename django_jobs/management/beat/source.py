"""Writes entries of Celery's schedule as Python source."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import groupby

from .entries import BeatEntry
from .lines import CronLine


def to_source(entries: Sequence[BeatEntry]) -> str:
    """Return declarations of periodic tasks, module by module."""
    parts = []
    for module, group in groupby(sorted(entries, key=_module), key=_module):
        declared = [_declaration(entry) for entry in group]
        head = f"# {module.replace('.', '/')}.py" if module else "# tasks without a module"
        parts.append("\n\n\n".join([f"{head}\nfrom django_jobs import periodic, task", *declared]))
    return "\n\n\n".join(parts) + "\n"


def _module(entry: BeatEntry) -> str:
    return entry.task.rpartition(".")[0]


def _declaration(entry: BeatEntry) -> str:
    if entry.cron is None:
        return f"# {entry.name} ({entry.task}): {entry.problem}."
    function = entry.task.rpartition(".")[2]
    note = [f"# {entry.cron.note}"] * bool(entry.cron.note)
    lines = [*note, f"@periodic({_arguments(entry, entry.cron)})", f"@task{_options(entry)}"]
    if not entry.args and not entry.kwargs:
        return "\n".join([*lines, f"def {function}() -> None: ...  # the task as it is"])
    given = [*map(repr, entry.args), *(f"{key}={value!r}" for key, value in entry.kwargs.items())]
    wrapper = re.sub(r"\W+", "_", entry.name).strip("_").lower()
    wrapper = wrapper if wrapper not in {"", function} else f"{function}_periodically"
    return "\n".join(
        [*lines, f"def {wrapper}() -> None:", f"    {function}.enqueue({', '.join(given)})"]
    )


def _arguments(entry: BeatEntry, cron: CronLine) -> str:
    zone = f", timezone={_quoted(cron.timezone)}" if cron.timezone else ""
    return f"{_quoted(cron.line)}{zone}, name={_quoted(entry.name)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _options(entry: BeatEntry) -> str:
    options = []
    if entry.queue:
        options.append(f"queue_name={_quoted(entry.queue)}")
    if entry.expires is not None:
        options.append(f"expires={entry.expires!r}")
    return f"({', '.join(options)})" if options else ""
