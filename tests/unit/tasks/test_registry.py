"""A name from outside leads to a task in an imported or a signed module, or to nothing at all."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import pytest
from django.core.signing import Signer
from django.utils.functional import SimpleLazyObject
from pytest_django import Settings

from django_jobs import task
from django_jobs.compat import InvalidTask, Task
from django_jobs.errors import TaskNotFound
from django_jobs.tasks.registry import check_importable, find_task, import_task_modules
from django_jobs.tasks.signatures import SALT, sign
from tests.apps.registered import tasks

UNTOUCHED = "tests.apps.registered.untouched"
"""A module that no test imports but for a signature."""


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget the tasks that were found, before each test."""
    monkeypatch.setattr("django_jobs.tasks.registry._found", {})
    yield
    for name in ("untouched", "ported", "broken", "script", "project.tasks"):
        sys.modules.pop(f"tests.apps.registered.{name}", None)


# --- from a name to a task -----------------------------------------------------------------------


def test_a_task_of_an_imported_module_is_found_by_its_name() -> None:
    assert find_task("tests.apps.registered.tasks.greet") is tasks.greet
    assert find_task("tests.apps.registered.tasks.greet_later") is tasks.greet_later
    assert find_task(tasks.greet.module_path) is tasks.greet


def test_the_module_of_a_signed_name_is_imported() -> None:
    name = f"{UNTOUCHED}.greet"
    found = find_task(name, sign(name))
    assert found.call() == "hello"
    assert find_task(name) is found


def test_a_task_that_was_declared_through_the_backport_is_found() -> None:
    name = "tests.apps.registered.ported.greet"
    found = find_task(name, sign(name))
    assert found.call() == "hello from the backport"
    assert type(found) is type(tasks.greet)
    check_importable(found)


def forged() -> dict[str, str | None]:
    name = f"{UNTOUCHED}.greet"
    return {
        "none, as on the dashboard": None,
        "an empty one": "",
        "nonsense": "x" * 22,
        "part of it": sign(name)[:-1],
        "that of another task": sign("tests.apps.registered.tasks.greet"),
        "that of another task of the module": sign(f"{UNTOUCHED}.other"),
        "that of the module": sign(UNTOUCHED),
        "made for something else": Signer().signature(name)[:22],
        "made with another key": Signer(key="guessed", salt=SALT).signature(name)[:22],
        "no text": "\ud800\x00",
    }


@pytest.mark.parametrize("signature", forged().values(), ids=forged())
def test_no_other_name_imports_anything(signature: str | None) -> None:
    before = set(sys.modules)
    with pytest.raises(TaskNotFound, match=f"module '{UNTOUCHED}' is not imported in this process"):
        find_task(f"{UNTOUCHED}.greet", signature)
    assert set(sys.modules) == before


def test_a_missing_signature_is_distinguished_from_a_wrong_one() -> None:
    with pytest.raises(TaskNotFound, match=r"has no signature that permits it\. enqueue\(\) signs"):
        find_task(f"{UNTOUCHED}.greet", "")
    with pytest.raises(
        TaskNotFound, match=r"not made with a key of it\. SECRET_KEY must be the same"
    ):
        find_task(f"{UNTOUCHED}.greet", "wrong")


@pytest.mark.parametrize(
    "name",
    [
        "antigravity.x", "this.x", "os.path.nothing.x", "django_jobs_evil.x", "testsuite.x",
        "Tests.x", "ｔests.registered.tasks.greet", "tеsts.registered.tasks.greet", "пакет.задача",
        " tests.apps.registered.tasks.greet", "tests..greet", "tests/registered.greet", ".tests.x",
        "tests.apps.registered.tasks..greet", "tests.\x00.x", "tests.1.x", "\ud800.x",
        "tests.\ud800.x", "tests.apps.registered.tasks:greet.x", "..x", "a." * 5_000 + "a",
        "x" * 10_000 + ".x",
    ],
    ids=lambda name: ascii(name[:40]),
)  # fmt: skip
@pytest.mark.parametrize("signature", [None, "", "x" * 22])
def test_a_module_that_is_not_imported_is_not_imported_by_a_name(
    name: str, signature: str | None
) -> None:
    before = set(sys.modules)
    with pytest.raises(TaskNotFound, match="is not imported in this process") as caught:
        find_task(name, signature)
    assert set(sys.modules) == before
    assert len(str(caught.value)) < 2_000
    assert caught.value.name == name


@pytest.mark.parametrize("name", ["", ".", "..", "...", "a", "greet", ".greet", "tests.", "." * 9])
def test_a_name_that_is_not_a_dotted_path_is_refused(name: str) -> None:
    with pytest.raises(TaskNotFound, match="not the dotted path of a function"):
        find_task(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("os.system", "is a builtin_function_or_method, not a task"),
        ("subprocess.run", "is a function, not a task"),
        ("builtins.eval", "is a builtin_function_or_method, not a task"),
        ("sys.modules", "is a dict, not a task"),
        ("django.core.management.call_command", "is a function, not a task"),
        ("tests.apps.registered.tasks.missing", "has no 'missing'"),
        ("tests.apps.registered.tasks.greet ", "has no 'greet '"),
        ("tests.apps.registered.tasks." + "x" * 10_000, "has no 'xxxx"),
        ("tests.apps.registered.tasks.plain_function", "is a function, not a task"),
        ("tests.apps.registered.tasks.Holder", "is a type, not a task"),
        ("tests.apps.registered.tasks.task", "is a function, not a task"),
        (
            "tests.apps.registered.tasks.alias",
            r"is the task 'tests\.apps\.registered\.tasks\.greet' under",
        ),
        (
            "tests.apps.registered.tasks.renamed",
            r"is the task '.*plain_function' under another name",
        ),
        ("tests.apps.registered.tasks.anonymous", "is the task '.*<lambda>' under another name"),
        ("tests.apps.registered.tasks.__builtins__", "is a dict, not a task"),
        ("tests.apps.registered.tasks.__getattr__", "is a function, not a task"),
        ("tests.unit.tasks.test_registry.tasks", "is a module, not a task"),
        ("django.contrib.auth.authenticate", "is a function, not a task"),
    ],
)
def test_an_object_that_is_no_task_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(TaskNotFound, match=reason) as caught:
        find_task(name)
    assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tests.apps.registered.nowhere.greet", "ModuleNotFoundError"),
        ("tests.apps.registered.tasks.greet.x", "ModuleNotFoundError.*not a package"),
        ("tests.apps.registered.broken.greet", "RuntimeError: not today"),
        ("tests.apps.registered.script.greet", "SystemExit: 3"),
    ],
)
def test_a_module_that_cannot_be_imported_is_no_task(name: str, reason: str) -> None:
    with pytest.raises(TaskNotFound, match=reason):
        find_task(name, sign(name))


def test_a_lazy_object_is_not_made_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = SimpleLazyObject(lambda: pytest.fail("the lazy object was made"))
    monkeypatch.setitem(vars(tasks), "lazy", lazy)
    with pytest.raises(TaskNotFound, match="is a SimpleLazyObject, not a task"):
        find_task("tests.apps.registered.tasks.lazy")


def test_what_stands_for_a_module_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "odd", object())
    monkeypatch.setitem(sys.modules, "blocked", None)
    with pytest.raises(TaskNotFound, match="'odd' has no 'x'"):
        find_task("odd.x")
    with pytest.raises(TaskNotFound, match="importing 'blocked' failed"):
        find_task("blocked.x")


def test_a_failure_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may look while a deploy is half done."""
    with monkeypatch.context() as before:
        before.delattr(tasks, "late")
        with pytest.raises(TaskNotFound, match="has no 'late'"):
            find_task("tests.apps.registered.tasks.late")
    assert find_task("tests.apps.registered.tasks.late") is tasks.late


def test_a_worker_with_another_key_says_so_once(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    name = tasks.greet.module_path
    signature = sign(name)
    settings.SECRET_KEY = "another"
    with caplog.at_level(logging.WARNING, "django_jobs"):
        for _ in range(2):
            assert find_task(name, signature) is tasks.greet
    (message,) = caplog.messages
    assert name in message
    assert "SECRET_KEY must be the same" in message
    assert signature not in message


# --- what workers import at their start ----------------------------------------------------------


def test_the_tasks_module_next_to_the_root_urlconf_is_imported(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.apps.registered.project.urls"
    import_task_modules()
    assert find_task("tests.apps.registered.project.tasks.tidy").call() == "tidy"


@pytest.mark.parametrize("urlconf", ["tests.integration.commands.urls", "urls", "", None])
def test_a_site_may_have_no_such_module(settings: Settings, urlconf: str | None) -> None:
    settings.ROOT_URLCONF = urlconf
    import_task_modules()


# --- from a task to its name ---------------------------------------------------------------------


def test_a_task_at_the_top_of_a_module_may_be_enqueued() -> None:
    for _ in range(2):
        check_importable(tasks.enqueued)
    check_importable(tasks.enqueued.using(priority=0))
    assert find_task("tests.apps.registered.tasks.enqueued") is tasks.enqueued


def test_a_task_of_any_module_may_be_enqueued(monkeypatch: pytest.MonkeyPatch) -> None:
    library = ModuleType("some-library")
    monkeypatch.setitem(sys.modules, library.__name__, library)
    exec("def send(): 'A function of a library'", vars(library))  # noqa: S102
    vars(library)["send"] = task(vars(library)["send"])
    check_importable(vars(library)["send"])


@pytest.mark.parametrize(
    ("unreachable", "reason"),
    [
        (tasks.anonymous, r"tests\.apps\.registered\.tasks\.<lambda>.*defined as a lambda"),
        (tasks.Holder.in_a_class, r"Holder\.in_a_class.*defined inside a class"),
        (tasks.renamed, "'plain_function' is a function, not a task"),
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


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("__main__", r"__main__\.started.*in the script that was started"),
        ("config.tasks", r"config\.tasks\.started.*importing 'config\.tasks' failed"),
        ("builtins", "the module 'builtins' has no 'started'"),
    ],
)
def test_a_task_that_only_this_process_has_is_refused(place: str, reason: str) -> None:
    def started() -> None:
        """Of a script, of a file without a module, of a shell."""

    started.__module__, started.__qualname__ = place, "started"
    with pytest.raises(InvalidTask, match=reason):
        check_importable(task(started))
