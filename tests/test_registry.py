"""A name from Redis leads to a task of an installed app, or to nothing at all."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from django_jobs import task
from django_jobs.compat import InvalidTask, Task
from django_jobs.errors import TaskNotFound
from django_jobs.registry import check_importable, find_task
from tests.registered import tasks


def forget(module: str) -> None:
    sys.modules.pop(module, None)


# --- from a name to a task -----------------------------------------------------------------------


def test_a_task_is_found_by_its_name() -> None:
    assert find_task("tests.registered.tasks.greet") is tasks.greet
    assert find_task("tests.registered.tasks.greet_later") is tasks.greet_later
    assert find_task(tasks.greet.module_path) is tasks.greet


def test_a_task_that_was_declared_through_the_backport_is_imported_when_it_is_needed() -> None:
    forget("tests.registered.ported")
    found = find_task("tests.registered.ported.greet")
    assert found.call() == "hello from the backport"
    assert type(found) is type(tasks.greet)
    check_importable(found)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "...", "a", "greet", ".greet", "tests.", "tests..greet", ".tests.x",
        "tests.registered.tasks.", "tests.registered.tasks..greet", " tests.registered.tasks.greet",
        "tests.registered.tasks.greet ", "tests.registered.tasks.greet\n", "tests/registered.greet",
        "tests.registered.tasks:greet", "tests.registered.tasks.greet()", "tests.\x00.x",
        "tests.1.x",
        "__main__.x", "tests.__main__.x", "tests.registered.tasks.__getattr__",
        "tests.registered.tasks.__builtins__", "tests.__init__.x", "\ud800.x", "tests.\ud800.x",
        "a." * 5_000 + "a", "tests." + "x" * 10_000, "." * 10_000,
        "tests.registered.tasks.greet" + " " * 300,
    ],
    ids=lambda name: ascii(name[:40]),
)  # fmt: skip
def test_what_is_no_dotted_path_is_refused(name: str) -> None:
    with pytest.raises(TaskNotFound, match="not the dotted path of a function") as caught:
        find_task(name)
    assert len(str(caught.value)) < 2_000
    assert caught.value.name == name


@pytest.mark.parametrize(
    "name",
    [
        "os.system", "subprocess.run", "builtins.eval", "antigravity.x", "this.x",
        "django.core.management.call_command", "django_jobs_evil.x", "testsuite.x", "Tests.x",
        "ｔests.registered.tasks.greet", "tеsts.registered.tasks.greet", "пакет.задача",
    ],
)  # fmt: skip
def test_a_module_of_no_installed_app_is_not_imported(name: str) -> None:
    forget("this")
    forget("antigravity")
    with pytest.raises(TaskNotFound, match="no installed app has the module"):
        find_task(name)
    assert {"this", "antigravity"}.isdisjoint(sys.modules)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tests.registered.nowhere.greet", "ModuleNotFoundError"),
        ("tests.registered.tasks.greet.x", "ModuleNotFoundError.*not a package"),
        ("tests.registered.broken.greet", "RuntimeError: not today"),
        ("tests.registered.script.greet", "SystemExit: 3"),
        ("tests.registered.tasks.missing", "has no 'missing'"),
        ("tests.registered.tasks.plain_function", "is a function and no task"),
        ("tests.registered.tasks.Holder", "is a type and no task"),
        ("tests.registered.tasks.task", "is a function and no task"),
        ("tests.registered.tasks.alias", r"is the task 'tests\.registered\.tasks\.greet' under"),
        ("tests.registered.tasks.renamed", r"is the task '.*plain_function' under another name"),
        ("tests.registered.tasks.anonymous", "is the task '.*<lambda>' under another name"),
        ("tests.test_registry.tasks", "is a module and no task"),
        ("django.contrib.auth.authenticate", "is a function and no task"),
    ],
)
def test_what_is_no_task_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(TaskNotFound, match=reason):
        find_task(name)


def test_a_failure_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may look while a deploy is half done."""
    with monkeypatch.context() as before:
        before.delattr(tasks, "late")
        with pytest.raises(TaskNotFound, match="has no 'late'"):
            find_task("tests.registered.tasks.late")
    assert find_task("tests.registered.tasks.late") is tasks.late


# --- from a task to its name ---------------------------------------------------------------------


def test_a_task_at_the_top_of_a_module_may_be_enqueued() -> None:
    for _ in range(2):
        check_importable(tasks.enqueued)
    check_importable(tasks.enqueued.using(priority=0))
    assert find_task("tests.registered.tasks.enqueued") is tasks.enqueued


@pytest.mark.parametrize(
    ("unreachable", "reason"),
    [
        (tasks.anonymous, r"tests\.registered\.tasks\.<lambda>.*defined as a lambda"),
        (tasks.Holder.in_a_class, r"Holder\.in_a_class.*defined inside a class"),
        (tasks.renamed, "'plain_function' is a function and no task"),
    ],
)
def test_a_task_that_no_worker_could_find_is_refused(unreachable: Task, reason: str) -> None:
    with pytest.raises(InvalidTask, match=reason):
        check_importable(unreachable)


def test_a_function_in_a_function_is_refused() -> None:
    def inner() -> None:
        """Django's decorator refuses it, a backend that does not validate may not."""

    nested = replace(tasks.greet)
    object.__setattr__(nested, "func", inner)
    with pytest.raises(InvalidTask, match="defined inside a function"):
        check_importable(nested)


def test_two_tasks_of_one_name_are_refused() -> None:
    def greet() -> None:
        """Bears the name of the task in the module."""

    greet.__module__, greet.__qualname__ = tasks.__name__, "greet"
    for _ in range(2):
        with pytest.raises(InvalidTask, match="another task under this name"):
            check_importable(task(greet))
        check_importable(tasks.greet)


def test_a_module_of_no_installed_app_is_refused() -> None:
    def outside() -> None:
        """Of a module that is no app's."""

    outside.__module__, outside.__qualname__ = "config.tasks", "outside"
    with pytest.raises(InvalidTask, match=r"'config\.tasks'.*INSTALLED_APPS"):
        check_importable(task(outside))


def test_a_task_of_the_program_that_was_started_is_refused() -> None:
    def started() -> None:
        """Of a script or a shell."""

    started.__module__, started.__qualname__ = "__main__", "started"
    with pytest.raises(InvalidTask, match=r"__main__\.started.*in the program that was started"):
        check_importable(task(started))
