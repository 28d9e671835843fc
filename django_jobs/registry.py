"""The way from a task's name to the task, which leads only into the modules of installed apps."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from django.apps import apps

from django_jobs.compat import InvalidTask, Task
from django_jobs.errors import TaskNotFound

_MAX_LENGTH = 255

# Tasks that were found, by name. Failures are not kept: a deploy may be half done.
_found: dict[str, Task[..., Any]] = {}


def find_task(name: str) -> Task[..., Any]:
    """Return the task of a name that came from outside, such as "shop.tasks.send_invoice".

    Its module is imported only if it belongs to an installed app, and only what is a task under
    its own name is returned: nothing else that Redis may hold leads to code.

    Raises:
        TaskNotFound: with the reason.
    """
    task = _found.get(name)
    if task is None:
        task = _found[name] = _look_up(name)
    return task


def is_declared(task: Task[..., Any]) -> bool:
    """Tell whether a task is one that was found by its name, and not a copy with other options."""
    return _found.get(task.module_path) is task


def check_importable(task: Task[..., Any]) -> None:
    """Make sure, before a task is enqueued, that a worker will find it by its name.

    Raises:
        InvalidTask: with the reason and what to do.
    """
    name = task.module_path
    known = _found.get(name)
    if known is not None and known.func is task.func:
        return
    _refuse_place(task.func)
    try:
        found = _look_up(name)
    except TaskNotFound as error:
        raise _invalid(name, error.reason) from error
    if found.func is not task.func:
        raise _invalid(name, "its module holds another task under this name.")
    _found[name] = found


def _look_up(name: str) -> Task[..., Any]:
    module_name, attribute = _split(name)
    module = _import(name, module_name)
    # Not getattr(), as a module's own __getattr__ would run with a name from outside.
    held = vars(module).get(attribute)
    if held is None:
        raise TaskNotFound(name, f"the module {module_name!r} has no {attribute!r}.")
    if not isinstance(held, Task):
        raise TaskNotFound(
            name,
            f"{attribute!r} is a {type(held).__name__} and no task. "
            "A task has @task above it and bears the name of its function.",
        )
    if held.module_path != name:
        raise TaskNotFound(name, f"this is the task {held.module_path!r} under another name.")
    return held


def _split(name: str) -> tuple[str, str]:
    """Return the module and the name in it, if the module is one that may be imported."""
    module_name, _, attribute = name[: _MAX_LENGTH + 1].rpartition(".")
    parts = [*module_name.split("."), attribute]
    if len(name) > _MAX_LENGTH or not all(map(_is_ordinary, parts)):
        raise TaskNotFound(name, "this is not the dotted path of a function.")
    if apps.get_containing_app_config(module_name) is None:
        raise TaskNotFound(
            name,
            f"no installed app has the module {module_name!r}. Add its app to INSTALLED_APPS, "
            "or move the task into an app's module.",
        )
    return module_name, attribute


def _is_ordinary(part: str) -> bool:
    """Tell a usual name from `__main__`, `__builtins__` or something that is no name."""
    return part.isidentifier() and not part.startswith("__")


def _import(name: str, module_name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a module may even be a script that ends itself
        raise TaskNotFound(
            name, f"importing {module_name!r} failed: {type(error).__name__}: {error}"
        ) from error


def _refuse_place(func: Callable[..., Any]) -> None:
    """Refuse a function that is not at the top of an importable module.

    Django lets lambdas and functions in a class body pass, which then fail in the worker.
    """
    *outer, own = func.__qualname__.split(".")
    if func.__module__ == "__main__":
        place = "in the program that was started"
    elif own == "<lambda>":
        place = "as a lambda"
    elif "<locals>" in outer:
        place = "inside a function"
    elif outer:
        place = "inside a class"
    else:
        return
    raise _invalid(
        f"{func.__module__}.{func.__qualname__}",
        f"it is defined {place}, where a worker cannot find it. Define it as a function at the "
        "top level of a module in an installed app.",
    )


def _invalid(name: str, reason: str) -> InvalidTask:
    return InvalidTask(f"The task {name!r} cannot be enqueued: {reason}")
