"""The run policy of a task: its retries, its timeout and what it discards."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django_jobs.compat import AnyTask, InvalidTask
from django_jobs.errors import BrokenPayload
from django_jobs.tasks.definition import Task as JobTask
from django_jobs.tasks.max_attempts import with_max_attempts
from django_jobs.tasks.retry import Backoff, ErrorKind, Retry, error_path, to_seconds
from django_jobs.validation.ranges import TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """The options of a task that matter while it runs.

    They are read from the task's declaration, not from the job, so a deploy also changes them for
    jobs that are already waiting. Only the changes of one call, by `using()`, travel with its job.

    Attributes:
        makes_way: whether a failed job ends if a newer call of the unique task waits for its end.
    """

    retry: Retry
    timeout: float | None = None
    discard_on: tuple[ErrorKind, ...] = ()
    makes_way: bool = False


def policy_of(task: AnyTask, default: Retry) -> RunPolicy:
    """Return the policy of a task; other packages' tasks have the default retry policy."""
    if not isinstance(task, JobTask):
        return RunPolicy(retry=default)
    return RunPolicy(
        retry=task.retry or with_max_attempts(default, task.max_attempts, task.backoff),
        timeout=None if task.timeout is None else to_seconds(task.timeout),
        discard_on=task.discard_on,
        makes_way=task.unique is not None,  # any call may say "replace", whatever the task says
    )


def overrides_text(changed: RunPolicy, declared: RunPolicy) -> str:
    """Return the JSON text of the options that differ from the declaration, or "" for none.

    Raises:
        InvalidTask: the wait is a function, which cannot travel.
    """
    parts: dict[str, Any] = {}
    if changed.retry != declared.retry:
        parts["retry"] = _retry_to_json(changed.retry)
    if changed.timeout != declared.timeout:
        parts["timeout"] = changed.timeout
    if changed.discard_on != declared.discard_on:
        parts["discard_on"] = [error_path(kind) for kind in changed.discard_on]
    if changed.makes_way != declared.makes_way:
        parts["makes_way"] = changed.makes_way
    return json.dumps(parts) if parts else ""


def _retry_to_json(retry: Retry) -> dict[str, Any]:
    if callable(retry.wait) or isinstance(retry.wait, Backoff):
        raise InvalidTask(
            "A Retry whose wait is a function cannot travel with a job: declare it on the task, or"
            " give using() seconds or a sequence of them."
        )
    kinds = retry.on if isinstance(retry.on, tuple) else (retry.on,)
    return {
        "attempts": retry.attempts,
        "wait": _wait_to_json(retry.wait),
        "on": [error_path(kind) for kind in kinds],
        "jitter": retry.jitter,
    }


def _wait_to_json(wait: Any) -> Any:
    if isinstance(wait, tuple):
        return [to_seconds(step) for step in wait]
    return to_seconds(wait) if isinstance(wait, (int, float, timedelta)) else None


def apply_overrides(declared: RunPolicy, text: str) -> RunPolicy:
    """Return the policy of one job.

    Raises:
        BrokenPayload: `overrides_text` did not write the text.
    """
    if not text:
        return declared
    try:
        parts = json.loads(text)
        changes = {name: _READERS[name](value) for name, value in parts.items()}
        return dataclasses.replace(declared, **changes)
    except Exception as error:
        raise BrokenPayload(f"The stored options of the job cannot be read: {error!r}") from error


def _retry_from_json(fields: dict[str, Any]) -> Retry:
    # Retry checks its arguments, and turns lists into tuples.
    return Retry(
        attempts=fields["attempts"],
        wait=fields["wait"],
        on=tuple(map(str, fields["on"])),
        jitter=fields["jitter"],
    )


_READERS: dict[str, Callable[[Any], Any]] = {
    "retry": _retry_from_json,
    "timeout": lambda seconds: None if seconds is None else TIMEOUT(seconds),
    "discard_on": lambda paths: tuple(map(str, paths)),
    "makes_way": bool,
}
