"""Tasks as a site writes them, with some that no worker could find."""

from __future__ import annotations

from django_jobs import task


@task
def greet() -> str:
    return "hello"


@task
async def greet_later() -> str:
    return "hello"


@task
def enqueued() -> None:
    """A task that its own process enqueues before anybody looks it up."""


@task
def late() -> None:
    """A task that is not there yet in the middle of a deploy."""


def plain_function() -> None:
    """A function that nobody made a task."""


alias = greet
renamed = task(plain_function)
anonymous = task(lambda: None)


class Holder:
    @task
    def in_a_class() -> None:
        """A function in a class body."""


def __getattr__(name: str) -> object:
    if name.startswith("__"):  # the import system asks for these
        raise AttributeError(name)
    raise AssertionError(f"the registry ran code for {name!r}")
