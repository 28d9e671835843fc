"""Tasks that end in every way."""

from __future__ import annotations

from django_jobs import Retry, task
from django_jobs.errors import Discard


@task
def greet(name: str = "Ada") -> str:
    return f"Hello, {name}"


@task(retry=Retry(attempts=1))
def fail(reason: str = "out of ink") -> None:
    raise RuntimeError(reason)


@task(retry=Retry(attempts=5, wait=3600))
def fail_for_now() -> None:
    raise ConnectionError("try again")


@task(retry=Retry(attempts=1), redact="iban")
def charge(iban: str, note: str = "") -> str:
    if note == "refused":
        raise RuntimeError(f"no account {iban}")
    return f"paid to {iban}"


@task
def refuse() -> None:
    raise Discard("not wanted any more")
