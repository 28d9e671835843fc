"""Objects that exist once in a process for each alias, such as brokers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from django.core.signals import setting_changed
from django.dispatch import receiver

from django_jobs.timeouts.blocks import uninterrupted


class Closable(Protocol):
    """An object that can release what it holds."""

    def close(self) -> None: ...


Thing = TypeVar("Thing", bound=Closable)

_lock = threading.RLock()
_instances: dict[tuple[type, str], Closable] = {}


def process_instance(kind: type[Thing], alias: str, make: Callable[[], Thing]) -> Thing:
    """Return the only object of a kind for an alias in this process; the first call makes it."""
    key = (kind, alias)
    thing = _instances.get(key)
    if thing is None:
        with uninterrupted, _lock:
            thing = _instances.get(key)
            if thing is None:
                thing = _instances[key] = make()
    assert isinstance(thing, kind)
    return thing


def process_instances(kind: type[Thing]) -> list[Thing]:
    """Return the objects of a kind that this process has made."""
    with _lock:
        return [thing for thing in _instances.values() if isinstance(thing, kind)]


def close_all() -> None:
    """Close all objects; the next call for one makes a new one."""
    with _lock:
        things = list(_instances.values())
        _instances.clear()
    for thing in things:
        thing.close()


def _forget_after_fork() -> None:
    """Start empty in a child process: threads do not survive a fork, and sockets are not shared."""
    global _lock  # noqa: PLW0603 (the parent may have held it)
    _lock = threading.RLock()
    _instances.clear()


os.register_at_fork(after_in_child=_forget_after_fork)


@receiver(setting_changed)
def _forget_old_settings(*, setting: str, **_: Any) -> None:
    if setting == "TASKS":
        close_all()
