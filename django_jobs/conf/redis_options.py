"""The options of the Redis backend and its workers: their types, defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django_jobs.conf.options import BackendOptions, option
from django_jobs.conf.probe_address import ProbeAddress, read_probe_address
from django_jobs.conf.redis_url import RedisAddress, read_redis_url
from django_jobs.validation import validators
from django_jobs.validation.validators import HOUR


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
    preload: bool = field(
        default=True,
        metadata=option(
            validators.boolean,
            "Whether several processes are forked from one that has loaded the site, and share its"
            " memory.",
        ),
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
