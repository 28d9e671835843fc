"""The options of the backends: their types, defaults and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Self

from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf.probe_address import ProbeAddress, read_probe_address
from django_jobs.conf.queues import QueueWeight, queue_weights
from django_jobs.conf.redis_url import RedisAddress, read_redis_url
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisOptions(BackendOptions):
    """The options of the Redis backend."""

    url: str = field(
        default="redis://127.0.0.1:6379/0",
        metadata=option(
            read_redis_url,
            "`redis://`, `rediss://` (TLS, its files as `ssl_…` parameters), `unix://`,"
            " `redis+sentinel://` or `redis+cluster://` address; a user name or password in it is"
            " moved to the options of that name.",
        ),
    )
    username: str | None = field(
        default=None, metadata=option(validators.secret, "User name, if the URL has none.")
    )
    password: str | None = field(
        default=None,
        repr=False,
        metadata=option(validators.secret, "Password, if the URL has none."),
    )
    sentinel_username: str | None = field(
        default=None,
        metadata=option(validators.secret, "User name at the sentinels, if the URL has none."),
    )
    sentinel_password: str | None = field(
        default=None,
        repr=False,
        metadata=option(validators.secret, "Password of the sentinels, if the URL has none."),
    )
    namespace: str = field(
        default="jobs",
        metadata=option(
            validators.matching("[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, '-' or '_'"),
            "Prefix of the keys in Redis; sites that share a database need one each.",
        ),
    )
    lease: float = field(
        default=20.0,
        metadata=option(
            validators.Duration(2, HOUR),
            "Seconds without a heartbeat after which a worker is taken for dead; its jobs are back"
            " in their queues after at most a quarter more.",
        ),
    )
    concurrency: int = field(
        default=10,
        metadata=option(
            validators.WholeNumber(1, 1000),
            "Threads of one worker, for tasks that are plain functions.",
        ),
    )
    restart_after_timeout: bool = field(
        default=False,
        metadata=option(
            validators.boolean,
            "Whether a worker process is replaced after a timeout has interrupted one of its"
            " threads.",
        ),
    )
    strict: bool = field(
        default=False,
        metadata=option(
            validators.boolean, "Whether workers empty each queue before the next, in order."
        ),
    )
    max_jobs: int | None = field(
        default=None,
        metadata=option(
            validators.Optional(validators.WholeNumber(1, 1_000_000_000)),
            "Jobs after which a worker process ends, or is replaced if it is one of several.",
        ),
    )
    max_memory: int | None = field(
        default=None,
        metadata=option(
            validators.Optional(validators.WholeNumber(1, 1_000_000)),
            "Megabytes of RAM above which a worker process ends, or is replaced if it is one of"
            " several.",
        ),
    )
    processes: int = field(
        default=1,
        metadata=option(validators.WholeNumber(1, 256), "Processes that `runworker` starts."),
    )
    probe: ProbeAddress | None = field(
        default=None,
        metadata=option(
            read_probe_address,
            "Address such as `127.0.0.1:7433` at which `runworker` answers the probes `/live`,"
            " `/ready` and `/metrics`.",
        ),
    )
    log_format: str = field(
        default="text",
        metadata=option(
            validators.matching("text|json", "'text' or 'json'"),
            "Format in which `runworker` writes its log: `text`, or `json` with one object per"
            " line.",
        ),
    )
    log_level: str | None = field(
        default=None,
        metadata=option(
            validators.log_level,
            "Level from which `runworker` writes its own log lines and those of jobs, from `DEBUG`"
            " to `CRITICAL`; unset, `--verbosity` and `LOGGING` decide.",
        ),
    )
    socket_timeout: float = field(
        default=5.0,
        metadata=option(
            validators.Duration(0.1, 600),
            "Seconds that one call to Redis may take in total: to connect, to wait for the reply,"
            " and to resend.",
        ),
    )

    @classmethod
    def _arranged(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Move the credentials out of the URL, so that the URL can be shown anywhere."""
        values = super(RedisOptions, cls)._arranged(values)
        address = values.get("url")
        if not isinstance(address, RedisAddress):
            return values
        found = {key: value for key, value in address.login.items() if value}
        return {**values, **found, "url": address.url}


def _convert(option: Field[Any], value: object, source: str) -> Any:
    try:
        return option.metadata["convert"](value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{source}: {error}") from None
