"""Reads `TASKS` and `JOB_DASHBOARD` from environment variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf.options import BackendOptions, RedisOptions, ThreadPoolOptions
from django_jobs.conf.queues import QueueWeight, parse_queues
from django_jobs.conf.redis_url import RedisAddress, read_redis_url
from django_jobs.conf.variables import (
    JOB_BACKEND,
    JOB_CONCURRENCY,
    JOB_DASHBOARD_ALLOW_HTTP,
    JOB_DASHBOARD_MAX_LATENCY,
    JOB_DASHBOARD_MIN_WORKERS,
    JOB_DASHBOARD_PASSWORD,
    JOB_DASHBOARD_TOKEN,
    JOB_DASHBOARD_USERNAME,
    JOB_PROCESSES,
    JOB_QUEUES,
    JOB_SHUTDOWN_TIMEOUT,
    REDIS_PASSWORD,
    REDIS_PROVIDER,
    REDIS_URL,
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

BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

NEEDED_QUEUES = ("default", "mailers")
"""The default queues of other apps' tasks and of mail that is sent later."""

NUMBERS: dict[str, tuple[Variable, Callable[[str], float]]] = {
    "concurrency": (JOB_CONCURRENCY, int),
    "processes": (JOB_PROCESSES, int),
    "shutdown_timeout": (JOB_SHUTDOWN_TIMEOUT, float),
}


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
    queues = _queues(reader)
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


@dataclass(frozen=True, slots=True)
class EnvReader:
    """Reads variables through django-environ, each with its prefix and defaults."""

    env: environ.Env

    def name(self, variable: Variable) -> str:
        """Return the full name of a variable, with the prefix."""
        return f"{self.env.prefix}{variable.name}"

    def text(self, variable: Variable) -> str:
        """Return the value of a variable, or "" if it is not set."""
        name = self.name(variable)
        if name not in self.env.ENVIRON and name not in self.env.scheme:
            return ""
        value = self.env.get_value(variable.name, cast=str)
        return "" if value is None else str(value).strip()

    def secret(self, variable: Variable) -> str:
        """Return the value of a variable unchanged, or "" if it is not set.

        django-environ treats a value that starts with `$` as the name of another variable, and
        would show the password in its message that this variable is missing.
        """
        value: str | None = self.env.ENVIRON.get(self.name(variable))
        return self.text(variable) if value is None else value.rstrip("\r\n")

    def switch(self, variable: Variable) -> bool:
        """Return the value of a boolean variable.

        Raises:
            ImproperlyConfigured: it is neither true nor false.
        """
        text = (self.text(variable) or variable.default).lower()
        if text not in BOOLEANS:
            raise ImproperlyConfigured(f"{self.name(variable)}: give true or false, not {text!r}.")
        return BOOLEANS[text]

    def given(self, key: str, variable: Variable) -> dict[str, int]:
        """Return a key with the value of a variable, a whole number, if it is set.

        Raises:
            ImproperlyConfigured: it is not a whole number of 0 or more.
        """
        text = self.text(variable)
        if not text:
            return {}
        if not (text.isascii() and text.isdigit()):
            raise ImproperlyConfigured(
                f"{self.name(variable)}: give a whole number of 0 or more, not {text!r}."
            )
        return {key: int(text)}


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


def _queues(reader: EnvReader) -> tuple[QueueWeight, ...]:
    try:
        queues = parse_queues(reader.text(JOB_QUEUES) or JOB_QUEUES.default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{reader.name(JOB_QUEUES)}: {error}") from None
    named = {queue.name for queue in queues}
    return queues + tuple(QueueWeight(name) for name in NEEDED_QUEUES if name not in named)


def _options(
    reader: EnvReader, kind: type[BackendOptions], queues: Iterable[QueueWeight]
) -> dict[str, Any]:
    """Return the options that the environment sets, after the options class has checked them."""
    options: dict[str, Any] = {"queues": {queue.name: queue.weight for queue in queues}}
    for key, (variable, number) in NUMBERS.items():
        text = reader.text(variable)
        if text and hasattr(kind, key):
            options[key] = _number(text, number)
    if kind is RedisOptions:
        options.update(_redis(reader))
    sources = {key: reader.name(variable) for key, (variable, _) in NUMBERS.items()}
    kind.from_dict(ALIAS, options, sources)
    return options


def _number(text: str, number: Callable[[str], float]) -> float | str:
    """Return a text as a number, or unchanged for the error message."""
    try:
        return number(text)
    except ValueError:
        return text


def _redis(reader: EnvReader) -> dict[str, str]:
    """Return the address of Redis, with the secrets separated: the URL may be shown anywhere."""
    address = _address(reader)
    login = {
        "url": address.url,
        "username": address.username,
        "password": address.password or reader.secret(REDIS_PASSWORD),
    }
    return {key: value for key, value in login.items() if value}


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
