"""The settings that are read from the environment."""

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
"""What others call backends like ours, with the name that it has here."""

OPTIONS: dict[str, type[BackendOptions]] = {THREAD_POOL: ThreadPoolOptions, REDIS: RedisOptions}

BACKEND_VARIABLE = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

NEEDED_QUEUES = ("default", "mailers")
"""Where tasks of other apps and mail that is sent later go unless told otherwise."""

NUMBERS: dict[str, tuple[Variable, Callable[[str], float]]] = {
    "concurrency": (JOB_CONCURRENCY, int),
    "processes": (JOB_PROCESSES, int),
    "shutdown_timeout": (JOB_SHUTDOWN_TIMEOUT, float),
}


def tasks_from_env(env: environ.Env | None = None) -> dict[str, Any]:
    """Return the whole `TASKS` setting from `JOB_BACKEND` and the variables beside it.

    An empty variable counts as one that is not set. `JOB_QUEUES` is the list of the whole site:
    a task whose queue is not in it fails at import. `default` and `mailers` belong to it in any
    case, as tasks of other apps and mail use them: where the list does not name them they get
    weight 1, so that no mail waits for a worker that never comes. A single worker is narrowed
    with `runworker -q`, not with another `JOB_QUEUES`.

    Args:
        env: where to read from, by default the process's environment. `environ.FileAwareEnv()`
            also reads `REDIS_PASSWORD_FILE` and the like, as Docker secrets want it.

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

    A site needs it only to read them through an `env` of its own: without the setting, the
    dashboard reads the process's environment itself.

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
        """Return the name of a variable as the person who sets it writes it."""
        return f"{self.env.prefix}{variable.name}"

    def text(self, variable: Variable) -> str:
        """Return the value of a variable, or "" where it is not set."""
        name = self.name(variable)
        if name not in self.env.ENVIRON and name not in self.env.scheme:
            return ""
        value = self.env.get_value(variable.name, cast=str)
        return "" if value is None else str(value).strip()

    def secret(self, variable: Variable) -> str:
        """Return the value of a variable untouched, or "" where it is not set.

        django-environ takes a value that starts with `$` for the name of another variable, and
        would tell the password in the message that says that this variable is missing.
        """
        value: str | None = self.env.ENVIRON.get(self.name(variable))
        return self.text(variable) if value is None else value.rstrip("\r\n")

    def switch(self, variable: Variable) -> bool:
        """Return the value of a variable that is on or off.

        Raises:
            ImproperlyConfigured: it is neither.
        """
        text = (self.text(variable) or variable.default).lower()
        if text not in BACKEND_VARIABLE:
            raise ImproperlyConfigured(f"{self.name(variable)}: give true or false, not {text!r}.")
        return BACKEND_VARIABLE[text]

    def given(self, key: str, variable: Variable) -> dict[str, int]:
        """Return a key with the value of a variable that is a whole number, where it is set.

        Raises:
            ImproperlyConfigured: it is none, or below 0.
        """
        text = self.text(variable)
        if not text:
            return {}
        if not (text.isascii() and text.isdigit()):
            raise ImproperlyConfigured(
                f"{self.name(variable)}: give a whole number from 0 on, not {text!r}."
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
    """Refuse a module that is not there; it is not imported, as it may need the settings."""
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
    """Return the options that the environment names, checked by the class they are meant for."""
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
    """Return text as a number; what is none stays, for the message that refuses it."""
    try:
        return number(text)
    except ValueError:
        return text


def _redis(reader: EnvReader) -> dict[str, str]:
    """Return the address of Redis, with the secrets apart: the URL may be shown anywhere."""
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
