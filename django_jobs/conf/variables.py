"""The environment variables of django_jobs, with what the reference says about them."""

from __future__ import annotations

from dataclasses import dataclass

from django_jobs.conf.options import BackendOptions, RedisOptions, ThreadPoolOptions


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable.

    Attributes:
        kind: the type of its value.
        default: the value if it is not set.
        purpose: one sentence for the reference, with units.
    """

    name: str
    kind: str
    default: str
    purpose: str


JOB_BACKEND = Variable(
    "JOB_BACKEND",
    "name",
    "async",
    "Where jobs run: `async` (threads of this process), `redis`, `inline` (at once in the caller),"
    " `dummy` (stored only) or the dotted path of any task backend.",
)
REDIS_URL = Variable(
    "REDIS_URL",
    "URL",
    RedisOptions().url,
    "Address of Redis: `redis://`, `rediss://` (TLS) or `unix://`.",
)
REDIS_PASSWORD = Variable(
    "REDIS_PASSWORD",
    "text",
    "",
    "Password of Redis, taken literally; used if the URL has none.",
)
REDIS_PROVIDER = Variable(
    "REDIS_PROVIDER",
    "name",
    "",
    "Name of another variable that has the address, instead of `REDIS_URL`.",
)
JOB_QUEUES = Variable(
    "JOB_QUEUES",
    "list",
    "critical:100,default:50,mailers:25,low:1",
    "All queues of the site with their weights, `NAME:WEIGHT`; `default` and `mailers` are added"
    " with weight 1 if they are missing.",
)
JOB_CONCURRENCY = Variable(
    "JOB_CONCURRENCY",
    "whole number",
    f"{ThreadPoolOptions().concurrency} (redis: {RedisOptions().concurrency})",
    "Threads of one worker.",
)
JOB_PROCESSES = Variable(
    "JOB_PROCESSES",
    "whole number",
    str(RedisOptions().processes),
    "Processes that `runworker` starts.",
)
JOB_SHUTDOWN_TIMEOUT = Variable(
    "JOB_SHUTDOWN_TIMEOUT",
    "seconds",
    f"{BackendOptions().shutdown_timeout:g}",
    "Seconds that running jobs get to finish when the process stops.",
)
JOB_DASHBOARD_USERNAME = Variable(
    "JOB_DASHBOARD_USERNAME",
    "text",
    "",
    "Name for basic auth of the dashboard, with `JOB_DASHBOARD_PASSWORD`; without them, only users"
    " with permission have access.",
)
JOB_DASHBOARD_PASSWORD = Variable(
    "JOB_DASHBOARD_PASSWORD",
    "text",
    "",
    "Password for basic auth of the dashboard, taken literally.",
)
JOB_DASHBOARD_TOKEN = Variable(
    "JOB_DASHBOARD_TOKEN",
    "text",
    "",
    "Bearer token with which monitoring reads counts and metrics, but no jobs.",
)
JOB_DASHBOARD_ALLOW_HTTP = Variable(
    "JOB_DASHBOARD_ALLOW_HTTP",
    "true or false",
    "false",
    "Whether a password or the token is accepted over plain HTTP outside `DEBUG`, where others can"
    " read it.",
)
JOB_DASHBOARD_MIN_WORKERS = Variable(
    "JOB_DASHBOARD_MIN_WORKERS",
    "whole number",
    "1 (threads: 0)",
    "Fewest workers that must take jobs for the dashboard's `health/` to be healthy.",
)
JOB_DASHBOARD_MAX_LATENCY = Variable(
    "JOB_DASHBOARD_MAX_LATENCY",
    "whole number",
    "",
    "Longest wait of a queue's next job, in seconds, for `health/` to be healthy.",
)
VARIABLES = (
    JOB_BACKEND,
    REDIS_URL,
    REDIS_PASSWORD,
    REDIS_PROVIDER,
    JOB_QUEUES,
    JOB_CONCURRENCY,
    JOB_PROCESSES,
    JOB_SHUTDOWN_TIMEOUT,
    JOB_DASHBOARD_USERNAME,
    JOB_DASHBOARD_PASSWORD,
    JOB_DASHBOARD_TOKEN,
    JOB_DASHBOARD_ALLOW_HTTP,
    JOB_DASHBOARD_MIN_WORKERS,
    JOB_DASHBOARD_MAX_LATENCY,
)
