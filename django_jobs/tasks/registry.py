"""Finds tasks by name, in imported modules only, unless the site signed the name."""

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

# Tasks by name. Failures are not cached, as a deploy may be in progress.
_found: dict[str, Task[..., Any]] = {}


def import_task_modules() -> None:
    """Import the `tasks` modules of the installed apps and of the package with `ROOT_URLCONF`.

    Raises:
        Exception: any error of one of the modules.
    """
    autodiscover_modules(TASKS_MODULE)
    project, _, _ = (getattr(settings, "ROOT_URLCONF", None) or "").rpartition(".")
    if project and find_spec(f"{project}.{TASKS_MODULE}"):
        importlib.import_module(f"{project}.{TASKS_MODULE}")


def find_task(name: str, signature: str | None = None) -> Task[..., Any]:
    """Return the task of a name from outside, such as "shop.tasks.send_invoice".

    This returns only tasks that stand under their own name, and imports a module only if this site
    has signed the name. No other data in Redis leads to code.

    Args:
        signature: the signature of the name in a job; without it, nothing is imported.

    Raises:
        TaskNotFound: the message has the reason.
    """
    task = _found.get(name)
    if task is None:
        task = _found[name] = _look_up(name, signature)
    return task


def is_declared(task: Task[..., Any]) -> bool:
    """Return whether a task is the declared one, and not a copy with other options."""
    return _found.get(task.module_path) is task


def check_importable(task: Task[..., Any]) -> None:
    """Check that another process can find a task by its name, before a job of it is enqueued.

    Raises:
        InvalidTask: the message has the reason and the remedy.
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
    # Even if it is imported: another thread may be importing it, and this waits for that.
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
    # Not getattr(), which would call the module's __getattr__ with a name from outside.
    held = getattr(module, "__dict__", {}).get(attribute)
    if held is None:
        raise TaskNotFound(
            name, f"the module {_module_name(name)[:200]!r} has no {attribute[:200]!r}."
        )
    # Not isinstance(), which would evaluate a lazy object.
    if not issubclass(type(held), Task):
        raise TaskNotFound(
            name,
            f"{attribute!r} is a {type(held).__name__}, not a task. "
            "A task has @task above its function, and the function's name.",
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
    except (Exception, SystemExit) as error:  # a module may be a script that exits
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
    """Refuse a function that is not at the top level of an importable module.

    Django accepts lambdas and functions in a class body, which then fail in the worker.
    """
    *outer, own = func.__qualname__.split(".")
    if func.__module__ == "__main__":
        place = "in the script that was started"
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
