"""The environment variables of django_jobs, with what the reference says about them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

from django_jobs.conf.options import ThreadPoolOptions
from django_jobs.conf.redis_options import RedisOptions

POOL_FIELDS = {field.name: field for field in fields(ThreadPoolOptions)}
REDIS_FIELDS = {field.name: field for field in fields(RedisOptions)}


class Kind(Enum):
    """The type of a variable's value, as the reference names it."""

    NAME = "name"
    TEXT = "text"
    URL = "URL"
    LIST = "list"
    ADDRESS = "address"
    WHOLE_NUMBER = "whole number"
    SECONDS = "seconds"
    SWITCH = "true or false"


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable.

    Attributes:
        kind: the type of its value.
        default: the value if it is not set.
        purpose: one sentence for the reference, with units.
        option: the backend option that it sets, or "" if it takes more than that to read it.
    """

    name: str
    kind: Kind
    default: str
    purpose: str
    option: str = ""


def _text(default: object) -> str:
    """Return the default of an option as it is written in a variable."""
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
    return str(default)


def _for_option(name: str, kind: Kind, option: str) -> Variable:
    """Return the variable of a backend option, with the default and the purpose of the option."""
    redis = REDIS_FIELDS[option]
    pool = POOL_FIELDS.get(option, redis)
    default = _text(redis.default)
    if pool.default != redis.default:
        default = f"{_text(pool.default)} (redis: {default})"
    return Variable(name, kind, default, redis.metadata["purpose"], option)


JOB_BACKEND = Variable(
    "JOB_BACKEND",
    Kind.NAME,
    "async",
    "Where jobs run: `async` (threads of this process), `redis`, `inline` (at once in the caller),"
    " `dummy` (stored only) or the dotted path of any task backend.",
)
REDIS_URL = Variable(
    "REDIS_URL",
    Kind.URL,
    RedisOptions().url,
    "Address of Redis: `redis://`, `rediss://` (TLS), `unix://`, `redis+sentinel://` or"
    " `redis+cluster://`.",
)
REDIS_PASSWORD = Variable(
    "REDIS_PASSWORD",
    Kind.TEXT,
    "",
    "Password of Redis, taken literally; used if the URL has none.",
)
REDIS_SENTINEL_PASSWORD = Variable(
    "REDIS_SENTINEL_PASSWORD",
    Kind.TEXT,
    "",
    "Password of the sentinels of a `redis+sentinel://` URL, taken literally; used if the URL has"
    " none.",
)
REDIS_PROVIDER = Variable(
    "REDIS_PROVIDER",
    Kind.NAME,
    "",
    "Name of another variable that has the address, instead of `REDIS_URL`.",
)
JOB_QUEUES = Variable(
    "JOB_QUEUES",
    Kind.LIST,
    "critical:100,default:50,mailers:25,low:1",
    "All queues of the site with their weights, `NAME:WEIGHT`; `default` and `mailers` are added"
    " with weight 1 if they are missing.",
)
JOB_WORKER_QUEUES = Variable(
    "JOB_WORKER_QUEUES",
    Kind.LIST,
    "",
    "Queues of `JOB_QUEUES` that a `runworker` without `-q` serves, `NAME:WEIGHT`, if not all.",
)
WORKER_VARIABLES = (
    _for_option("JOB_CONCURRENCY", Kind.WHOLE_NUMBER, "concurrency"),
    _for_option("JOB_ASYNC_CONCURRENCY", Kind.WHOLE_NUMBER, "async_concurrency"),
    _for_option("JOB_PROCESSES", Kind.WHOLE_NUMBER, "processes"),
    _for_option("JOB_PRELOAD", Kind.SWITCH, "preload"),
    _for_option("JOB_STRICT", Kind.SWITCH, "strict"),
    _for_option("JOB_MAX_JOBS", Kind.WHOLE_NUMBER, "max_jobs"),
    _for_option("JOB_MAX_MEMORY", Kind.WHOLE_NUMBER, "max_memory"),
    _for_option("JOB_RESTART_AFTER_TIMEOUT", Kind.SWITCH, "restart_after_timeout"),
    _for_option("JOB_SHUTDOWN_TIMEOUT", Kind.SECONDS, "shutdown_timeout"),
    _for_option("JOB_PROBE", Kind.ADDRESS, "probe"),
    _for_option("JOB_LOG_FORMAT", Kind.NAME, "log_format"),
    _for_option("JOB_LOG_LEVEL", Kind.NAME, "log_level"),
)
STORE_VARIABLES = (
    _for_option("JOB_NAMESPACE", Kind.TEXT, "namespace"),
    _for_option("JOB_LEASE", Kind.SECONDS, "lease"),
    _for_option("JOB_SOCKET_TIMEOUT", Kind.SECONDS, "socket_timeout"),
    _for_option("JOB_RESULT_TTL", Kind.SECONDS, "result_ttl"),
)
JOB_DASHBOARD_USERNAME = Variable(
    "JOB_DASHBOARD_USERNAME",
    Kind.TEXT,
    "",
    "Name for basic auth of the dashboard, with `JOB_DASHBOARD_PASSWORD`; without them, only users"
    " with permission have access.",
)
JOB_DASHBOARD_PASSWORD = Variable(
    "JOB_DASHBOARD_PASSWORD",
    Kind.TEXT,
    "",
    "Password for basic auth of the dashboard, taken literally.",
)
JOB_DASHBOARD_TOKEN = Variable(
    "JOB_DASHBOARD_TOKEN",
    Kind.TEXT,
    "",
    "Bearer token with which monitoring reads counts and metrics, but no jobs.",
)
JOB_DASHBOARD_ALLOW_HTTP = Variable(
    "JOB_DASHBOARD_ALLOW_HTTP",
    Kind.SWITCH,
    "false",
    "Whether a password or the token is accepted over plain HTTP outside `DEBUG`, where others can"
    " read it.",
)
JOB_DASHBOARD_MIN_WORKERS = Variable(
    "JOB_DASHBOARD_MIN_WORKERS",
    Kind.WHOLE_NUMBER,
    "1 (threads: 0)",
    "Fewest workers that must take jobs for the dashboard's `health/` to be healthy.",
)
JOB_DASHBOARD_MAX_LATENCY = Variable(
    "JOB_DASHBOARD_MAX_LATENCY",
    Kind.WHOLE_NUMBER,
    "",
    "Longest wait of a queue's next job, in seconds, for `health/` to be healthy.",
)
VARIABLES = (
    JOB_BACKEND,
    REDIS_URL,
    REDIS_PASSWORD,
    REDIS_SENTINEL_PASSWORD,
    REDIS_PROVIDER,
    JOB_QUEUES,
    JOB_WORKER_QUEUES,
    *WORKER_VARIABLES,
    *STORE_VARIABLES,
    JOB_DASHBOARD_USERNAME,
    JOB_DASHBOARD_PASSWORD,
    JOB_DASHBOARD_TOKEN,
    JOB_DASHBOARD_ALLOW_HTTP,
    JOB_DASHBOARD_MIN_WORKERS,
    JOB_DASHBOARD_MAX_LATENCY,
)
