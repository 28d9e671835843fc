"""Reads `TASKS` and `JOB_DASHBOARD` from environment variables."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.util import find_spec
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf.env_reader import EnvReader
from django_jobs.conf.options import BackendOptions, ThreadPoolOptions
from django_jobs.conf.queues import QueueWeight, parse_queues
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.conf.redis_url import Form, RedisAddress, read_redis_url
from django_jobs.conf.variables import (
    JOB_BACKEND,
    JOB_DASHBOARD_ALLOW_HTTP,
    JOB_DASHBOARD_MAX_LATENCY,
    JOB_DASHBOARD_MIN_WORKERS,
    JOB_DASHBOARD_PASSWORD,
    JOB_DASHBOARD_TOKEN,
    JOB_DASHBOARD_USERNAME,
    JOB_QUEUES,
    JOB_WORKER_QUEUES,
    REDIS_PASSWORD,
    REDIS_PROVIDER,
    REDIS_SENTINEL_PASSWORD,
    REDIS_URL,
    VARIABLES,
    Variable,
)
from django_jobs.suggest import unknown_name

ALIAS = "default"
THREAD_POOL = "django_jobs.backends.ThreadPoolBackend"
REDIS = "django_jobs.backends.RedisBackend"
BACKENDS = {
    "async": THREAD_POOL,
    "redis": REDIS,
    "inline": "django_jobs.backends.InlineBackend",
    "dummy": "django_jobs.backends.DummyBackend",
}
SYNONYMS = {
    "threads": "async",
    "threadpool": "async",
    "memory": "async",
    "immediate": "inline",
    "sync": "inline",
}
"""Names that other packages use for similar backends, with our names."""

OPTIONS: dict[str, type[BackendOptions]] = {THREAD_POOL: ThreadPoolOptions, REDIS: RedisOptions}

NEEDED_QUEUES = ("default", "mailers")
"""The default queues of other apps' tasks and of mail that is sent later."""


def tasks_from_env(env: environ.Env | None = None) -> dict[str, Any]:
    """Return the whole `TASKS` setting from `JOB_BACKEND` and related variables.

    An empty variable counts as unset. `JOB_QUEUES` lists all queues of the site: a task with
    another queue fails at import. `default` and `mailers` are always included, as tasks of other
    apps and mail use them; if the list does not name them, they get weight 1. To limit one worker
    to some queues, use `runworker -q`, not another `JOB_QUEUES`.

    Args:
        env: where to read from, by default the process's environment. `environ.FileAwareEnv()`
            also reads `REDIS_PASSWORD_FILE` and the like, as with Docker secrets.

    Raises:
        ImproperlyConfigured: a variable has a value that cannot be used; the message names it.
    """
    reader = EnvReader(environ.Env() if env is None else env)
    backend = _backend(reader)
    queues = _site_queues(reader)
    tasks: dict[str, Any] = {"BACKEND": backend, "QUEUES": [queue.name for queue in queues]}
    if backend in OPTIONS:
        tasks["OPTIONS"] = _options(reader, OPTIONS[backend], queues)
    return {ALIAS: tasks}


def dashboard_from_env(env: environ.Env | None = None) -> dict[str, Any]:
    """Return the whole `JOB_DASHBOARD` setting from the `JOB_DASHBOARD_…` variables.

    Only a site that reads them through its own `env` needs this: without the setting, the
    dashboard reads the process's environment.

    Args:
        env: where to read from, by default the process's environment.

    Raises:
        ImproperlyConfigured: a variable has a value that cannot be used; the message names it.
    """
    reader = EnvReader(environ.Env() if env is None else env)
    return {
        "USERNAME": reader.secret(JOB_DASHBOARD_USERNAME),
        "PASSWORD": reader.secret(JOB_DASHBOARD_PASSWORD),
        "TOKEN": reader.secret(JOB_DASHBOARD_TOKEN),
        "ALLOW_HTTP": reader.switch(JOB_DASHBOARD_ALLOW_HTTP),
        **reader.given("MIN_WORKERS", JOB_DASHBOARD_MIN_WORKERS),
        **reader.given("MAX_LATENCY", JOB_DASHBOARD_MAX_LATENCY),
    }


def _backend(reader: EnvReader) -> str:
    text = reader.text(JOB_BACKEND) or JOB_BACKEND.default
    if text in BACKENDS:
        return BACKENDS[text]
    if "." in text and all(part.isidentifier() for part in text.split(".")):
        _find_module(reader, text)
        return text
    raise ImproperlyConfigured(
        f"{reader.name(JOB_BACKEND)}: {unknown_name('backend', text, BACKENDS, SYNONYMS)}"
        " The dotted path of another backend class is valid too."
    )


def _find_module(reader: EnvReader, path: str) -> None:
    """Refuse a module that does not exist, without importing it: it may need the settings."""
    module = path.rpartition(".")[0]
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None:
        raise ImproperlyConfigured(
            f"{reader.name(JOB_BACKEND)}: there is no module {module!r} for {path!r}. Correct the"
            " path, install the package that has it, or give one of"
            f" {', '.join(BACKENDS)}."
        )


def _site_queues(reader: EnvReader) -> tuple[QueueWeight, ...]:
    """Return the queues of the site, with those that it needs in any case."""
    queues = _parsed(reader, JOB_QUEUES)
    named = {queue.name for queue in queues}
    return queues + tuple(QueueWeight(name) for name in NEEDED_QUEUES if name not in named)


def _worker_queues(reader: EnvReader, queues: tuple[QueueWeight, ...]) -> tuple[QueueWeight, ...]:
    """Return the queues that workers serve: all of the site, or those that are chosen."""
    if not reader.text(JOB_WORKER_QUEUES):
        return queues
    chosen, known = _parsed(reader, JOB_WORKER_QUEUES), [queue.name for queue in queues]
    for queue in chosen:
        if queue.name not in known:
            raise ImproperlyConfigured(
                f"{reader.name(JOB_WORKER_QUEUES)}: {unknown_name('queue', queue.name, known)}"
                f" {reader.name(JOB_QUEUES)} lists all queues of the site; add it there, too."
            )
    return chosen


def _parsed(reader: EnvReader, variable: Variable) -> tuple[QueueWeight, ...]:
    try:
        return parse_queues(reader.text(variable) or variable.default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{reader.name(variable)}: {error}") from None


def _options(
    reader: EnvReader, kind: type[BackendOptions], queues: tuple[QueueWeight, ...]
) -> dict[str, Any]:
    """Return the options that the environment sets, after the options class has checked them."""
    own = {option.name for option in fields(kind)}
    read = [variable for variable in VARIABLES if variable.option in own]
    served = _worker_queues(reader, queues) if kind is RedisOptions else queues
    options: dict[str, Any] = {
        "queues": {queue.name: queue.weight for queue in served},
        **{variable.option: reader.value(variable) for variable in read if reader.text(variable)},
    }
    if kind is RedisOptions:
        options.update(_redis(reader))
    kind.from_dict(ALIAS, options, {variable.option: reader.name(variable) for variable in read})
    return options


def _redis(reader: EnvReader) -> dict[str, str]:
    """Return where the jobs are, with the secrets separated: the URL may be shown anywhere."""
    address = _address(reader)
    options = {"url": address.url, **address.login}
    options["password"] = address.password or reader.secret(REDIS_PASSWORD)
    if address.form is Form.SENTINEL:
        secret = reader.secret(REDIS_SENTINEL_PASSWORD)
        options["sentinel_password"] = address.sentinel_password or secret
    return {key: value for key, value in options.items() if value}


def _address(reader: EnvReader) -> RedisAddress:
    source, url = reader.name(REDIS_URL), reader.text(REDIS_URL) or REDIS_URL.default
    provider = reader.text(REDIS_PROVIDER)
    if provider:
        source, url = _provided(reader, provider)
    try:
        return read_redis_url(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{source}: {error}") from None


def _provided(reader: EnvReader, provider: str) -> tuple[str, str]:
    """Return the name of the variable that holds the address, and its value."""
    own_name = reader.name(REDIS_PROVIDER)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", provider):
        raise ImproperlyConfigured(
            f"{own_name}: give the name of the variable that holds the address, such as REDIS_URL,"
            " not the address itself."
        )
    url: str = (reader.env.ENVIRON.get(provider) or "").strip()
    if not url:
        raise ImproperlyConfigured(
            f"{own_name}: it names {provider}, but that variable is not set; set it, or remove"
            f" {own_name}."
        )
    return provider, url
