"""The way from a task's name to the task: into modules that are imported, or for signed names."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from django.conf import settings
from django.utils.module_loading import autodiscover_modules

from django_jobs.compat import InvalidTask, Task
from django_jobs.errors import TaskNotFound
from django_jobs.tasks.signatures import is_signed

logger = logging.getLogger("django_jobs")

TASKS_MODULE = "tasks"

SAME_KEY = (
    "SECRET_KEY must be the same where jobs are enqueued and where they run, or be one of"
    " SECRET_KEY_FALLBACKS there."
)

# Tasks that were found, by name. Failures are not kept: a deploy may be half done.
_found: dict[str, Task[..., Any]] = {}


def import_task_modules() -> None:
    """Import the `tasks` modules of the installed apps and of the package with `ROOT_URLCONF`.

    Raises:
        Exception: whatever one of the modules raises.
    """
    autodiscover_modules(TASKS_MODULE)
    project, _, _ = (getattr(settings, "ROOT_URLCONF", None) or "").rpartition(".")
    if project and find_spec(f"{project}.{TASKS_MODULE}"):
        importlib.import_module(f"{project}.{TASKS_MODULE}")


def find_task(name: str, signature: str | None = None) -> Task[..., Any]:
    """Return the task of a name that came from outside, such as "shop.tasks.send_invoice".

    Only what is a task under its own name is returned, and a module that is not imported yet is
    imported only if this site signed the name: nothing else that Redis may hold leads to code.

    Args:
        signature: of the name, as a job has it. Without one, nothing is imported.

    Raises:
        TaskNotFound: with the reason.
    """
    task = _found.get(name)
    if task is None:
        task = _found[name] = _look_up(name, signature)
    return task


def is_declared(task: Task[..., Any]) -> bool:
    """Tell whether a task is one that was found by its name, and not a copy with other options."""
    return _found.get(task.module_path) is task


def check_importable(task: Task[..., Any]) -> None:
    """Make sure, before a task is enqueued, that another process will find it by its name.

    Raises:
        InvalidTask: with the reason and what to do.
    """
    name = task.module_path
    known = _found.get(name)
    if known is not None and known.func is task.func:
        return
    _refuse_place(task.func)
    try:
        found = _task_in(_import(name), name)
    except TaskNotFound as error:
        raise _invalid(name, error.reason) from error
    if found.func is not task.func:
        raise _invalid(name, "its module holds another task under this name.")
    _found[name] = found


def _look_up(name: str, signature: str | None) -> Task[..., Any]:
    is_imported = _module_name(name) in sys.modules
    if not is_imported and not (signature and is_signed(name, signature)):
        raise TaskNotFound(name, _why_not_imported(name, signature))
    # Also where it is imported: another thread may be doing that right now, which this waits for.
    task = _task_in(_import(name), name)
    if is_imported and signature and not is_signed(name, signature):
        logger.warning(
            "The signature of a job of %s was not made with a key of this process. %s",
            name,
            SAME_KEY,
        )
    return task


def _task_in(module: ModuleType, name: str) -> Task[..., Any]:
    attribute = name.rpartition(".")[2]
    # Not getattr(), as a module's own __getattr__ would run with a name from outside.
    held = getattr(module, "__dict__", {}).get(attribute)
    if held is None:
        raise TaskNotFound(
            name, f"the module {_module_name(name)[:200]!r} has no {attribute[:200]!r}."
        )
    # The type itself is asked, as a lazy object would be made when isinstance() looks at it.
    if not issubclass(type(held), Task):
        raise TaskNotFound(
            name,
            f"{attribute!r} is a {type(held).__name__} and no task. "
            "A task has @task above it and bears the name of its function.",
        )
    task: Task[..., Any] = held
    if task.module_path != name:
        raise TaskNotFound(name, f"this is the task {task.module_path!r} under another name.")
    return task


def _module_name(name: str) -> str:
    module_name, _, attribute = name.rpartition(".")
    if not (module_name and attribute):
        raise TaskNotFound(name, "this is not the dotted path of a function.")
    return module_name


def _import(name: str) -> ModuleType:
    module_name = _module_name(name)
    try:
        return importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a module may even be a script that ends itself
        raise TaskNotFound(
            name, f"importing {module_name[:200]!r} failed: {type(error).__name__}: {error}"
        ) from error


def _why_not_imported(name: str, signature: str | None) -> str:
    reason = f"the module {_module_name(name)[:200]!r} is not imported in this process"
    if signature is None:
        return f"{reason}."
    if not signature:
        return f"{reason}, and the job has no signature that permits it. enqueue() signs its jobs."
    return f"{reason}, and the job's signature was not made with a key of it. {SAME_KEY}"


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
        "top level of a module.",
    )


def _invalid(name: str, reason: str) -> InvalidTask:
    return InvalidTask(f"The task {name!r} cannot be enqueued: {reason}")
