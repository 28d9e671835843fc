"""The options of every backend, and of the thread pool: their types, defaults and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Self

from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf.queues import QueueWeight, queue_weights
from django_jobs.suggest import unknown_name
from django_jobs.tasks.redaction.names import WORDS
from django_jobs.tasks.retry import Retry
from django_jobs.validation import validators
from django_jobs.validation.ranges import RESULT_TTL
from django_jobs.validation.validators import DAY, HOUR, Validator, invalid_value

MEGABYTE = 1024 * 1024
NO_SOURCES: Mapping[str, str] = MappingProxyType({})


def option(convert: Validator[Any], purpose: str) -> dict[str, Any]:
    """Return the metadata of a field that makes it an option.

    Args:
        convert: checks a value and returns it as the option's type.
        purpose: one sentence for the reference, with units.
    """
    return {"convert": convert, "purpose": purpose}


def _retry_policy(value: object) -> Retry | None:
    """Return a retry policy, or None for the default one."""
    if value is not None and not isinstance(value, Retry):
        raise invalid_value("a django_jobs.Retry(…) or None", value)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOptions:
    """The options of every backend."""

    retry: Retry | None = field(
        default=None,
        metadata=option(_retry_policy, "Retry policy of tasks that have none of their own."),
    )
    enqueue_on_commit: bool = field(
        default=True,
        metadata=option(
            validators.boolean, "Whether `enqueue` waits for the commit of an open transaction."
        ),
    )
    max_payload: int = field(
        default=512 * 1024,
        metadata=option(
            validators.WholeNumber(1, 512 * MEGABYTE),
            "Largest size of one job's arguments and metadata as JSON, in bytes.",
        ),
    )
    max_result: int = field(
        default=512 * 1024,
        metadata=option(
            validators.WholeNumber(1, 512 * MEGABYTE),
            "Largest size of one job's result as JSON, in bytes; if only `max_payload` is given,"
            " the same.",
        ),
    )
    result_ttl: float = field(
        default=3600.0,
        metadata=option(RESULT_TTL, "Seconds for which a succeeded job and its result are kept."),
    )
    concurrency: int = field(
        default=5,
        metadata=option(
            validators.WholeNumber(1, 1000),
            "Threads of one worker, for tasks that are plain functions.",
        ),
    )
    async_concurrency: int = field(
        default=500,
        metadata=option(
            validators.WholeNumber(1, 100_000), "Coroutine tasks that one worker runs at a time."
        ),
    )
    shutdown_timeout: float = field(
        default=25.0,
        metadata=option(
            validators.Duration(0, DAY),
            "Seconds that running jobs get to finish when the process stops.",
        ),
    )
    queues: tuple[QueueWeight, ...] = field(
        default=(),
        metadata=option(
            queue_weights,
            "Queues that a worker serves, with weights from 1 to 1000: `'critical:100,low'`, a"
            " mapping or pairs; empty for all of `QUEUES`, with equal weights.",
        ),
    )
    log_job_fields: bool = field(
        default=True,
        metadata=option(
            validators.boolean,
            "Whether each log line of a running job gets the job's id, task and queue.",
        ),
    )
    redact: tuple[str, ...] = field(
        default=WORDS,
        metadata=option(
            validators.string_list,
            "Parts of names whose values the dashboard and `jobs show` hide; case, `_` and `-` are"
            " ignored. A word of up to four letters must be a whole part, as `pin` in"
            " `card_pin` or `cardPin`.",
        ),
    )

    @classmethod
    def from_dict(
        cls, alias: str, mapping: Mapping[str, Any], sources: Mapping[str, str] = NO_SOURCES
    ) -> Self:
        """Build options from what `TASKS[alias]["OPTIONS"]` holds.

        Args:
            alias: name of the backend in `TASKS`.
            mapping: the options by name.
            sources: for options from elsewhere than `TASKS`, where they were set.

        Raises:
            ImproperlyConfigured: an option is unknown or its value is not valid.
        """
        place = f"TASKS[{alias!r}]['OPTIONS']"
        if not isinstance(mapping, Mapping):
            raise ImproperlyConfigured(f"{place}: give a dict, not {type(mapping).__name__}.")
        known = {option.name: option for option in fields(cls)}
        values = {}
        for key, value in mapping.items():
            if key not in known:
                raise ImproperlyConfigured(f"{place}: {unknown_name('option', key, known)}")
            values[key] = _convert(known[key], value, sources.get(key, f"{place}[{key!r}]"))
        return cls(**cls._arranged(values))

    @classmethod
    def _arranged(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Adjust converted values of options that depend on each other."""
        if "max_payload" in values:
            return {"max_result": values["max_payload"], **values}
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPoolOptions(BackendOptions):
    """The options of the thread pool backend."""

    max_queued: int = field(
        default=10_000,
        metadata=option(
            validators.WholeNumber(1, 10_000_000),
            "Jobs that may be queued in memory; at that number, `enqueue` blocks.",
        ),
    )
    full_timeout: float = field(
        default=5.0,
        metadata=option(
            validators.Duration(0, HOUR),
            "Seconds that `enqueue` blocks for room before it raises `QueueFull`.",
        ),
    )


def _convert(option: Field[Any], value: object, source: str) -> Any:
    try:
        return option.metadata["convert"](value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{source}: {error}") from None
