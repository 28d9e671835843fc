"""Periodic tasks: what the decorator registers, what it refuses, and what is due."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_jobs.compat import InvalidTask, Task, TaskContext
from django_jobs.errors import InvalidSchedule
from django_jobs.periodic_tasks.due import DueTick, PeriodicTask, tick_to_claim
from django_jobs.periodic_tasks.registry import isolated_registry, periodic, registered_tasks
from django_jobs.relations.unique import Unique
from django_jobs.tasks.decorator import task
from django_jobs.tasks.registry import import_task_modules

DAY = timedelta(days=1)

UNWRITABLE = object()


@task
def report() -> None:
    """A task to put on a schedule."""


@task
def sweep() -> None:
    """Another one."""


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    with isolated_registry():
        yield


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- registering ----------------------------------------------------------------------------------


def test_the_decorator_registers_the_task_and_returns_it() -> None:
    assert periodic("0 8 * * *", timezone="Europe/Berlin")(report) is report
    (found,) = registered_tasks()
    assert found.name == "tests.unit.periodic_tasks.test_registry.report"
    assert found.task is report
    assert found.catch_up
    assert found.schedule.next(at("2026-05-01T00:00")) == at("2026-05-01T06:00")


def test_a_task_of_djangos_own_decorator_is_registered_as_well() -> None:
    def plain() -> None:
        pass

    plain.__qualname__ = "plain"
    its_task: Task = Task(
        func=plain, backend="default", priority=0, queue_name="default", run_after=None
    )
    assert periodic("0 8 * * *")(its_task) is its_task
    assert registered_tasks()[0].task is its_task


def test_periodic_tasks_are_listed_by_name_and_by_backend() -> None:
    periodic("0 8 * * *")(sweep)
    periodic("0 8 * * *", catch_up=False)(report)
    assert [found.task for found in registered_tasks()] == [report, sweep]
    assert [found.catch_up for found in registered_tasks()] == [False, True]
    assert registered_tasks("default") == registered_tasks()
    assert registered_tasks("other") == ()


def test_a_task_may_have_several_schedules_with_names_of_their_own() -> None:
    periodic("0 8 * * *", name="morning")(periodic("0 20 * * *", name="evening")(report))
    assert [(found.name, found.line) for found in registered_tasks()] == [
        ("evening", "0 20 * * *"),
        ("morning", "0 8 * * *"),
    ]


def test_the_sites_time_zone_is_asked_for_when_it_is_needed() -> None:
    periodic("0 8 * * *")(report)
    (found,) = registered_tasks()
    assert found.schedule.timezone == ZoneInfo("UTC")
    with override_settings(TIME_ZONE="Asia/Tokyo"):
        assert found.schedule.timezone == ZoneInfo("Asia/Tokyo")


def test_a_reloaded_module_replaces_its_periodic_tasks(
    write_app: Callable[[str], str],
) -> None:
    module = importlib.import_module(f"{write_app('0 8 * * *')}.tasks")
    Path(str(module.__file__)).write_text(source("0 9 * * *"))
    importlib.reload(module)
    (found,) = registered_tasks()
    assert found.line == "0 9 * * *"
    assert found.task is module.nightly


def test_periodic_tasks_are_found_in_the_tasks_modules_of_installed_apps(
    write_app: Callable[[str], str],
) -> None:
    app = write_app("0 8 * * *")
    with override_settings(INSTALLED_APPS=[app]):
        import_task_modules()
    assert [found.name for found in registered_tasks()] == [f"{app}.tasks.nightly"]


def source(line: str) -> str:
    return dedent(
        f"""
        from django_jobs.periodic_tasks.registry import periodic
        from django_jobs.tasks.decorator import task

        @periodic({line!r})
        @task
        def nightly(force=False, *args, limit=3, **options):
            "All its arguments have defaults. This line keeps the sources' sizes apart: {"x" * 9}"
        """
    )


@pytest.fixture
def write_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Writes an app that nobody has imported yet, with one periodic task."""
    name = "newspaper"

    def write(line: str) -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "tasks.py").write_text(source(line))
        return name

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield write
    for module in [found for found in sys.modules if found.partition(".")[0] == name]:
        del sys.modules[module]


# --- what is refused ------------------------------------------------------------------------------


def test_a_bad_line_is_refused_with_the_name_of_its_task() -> None:
    with pytest.raises(
        InvalidSchedule,
        match=r"'tests\..*\.report': The schedule line '0 25 \* \* \*' cannot be read",
    ) as caught:
        periodic("0 25 * * *")(report)
    assert isinstance(caught.value, ImproperlyConfigured)
    assert registered_tasks() == ()


def test_a_bad_zone_is_refused_with_the_name_of_its_task() -> None:
    with pytest.raises(InvalidSchedule, match=r"\.report.*'Mars/Olympus' is unknown"):
        periodic("0 8 * * *", timezone="Mars/Olympus")(report)


def test_a_decorator_below_task_is_refused() -> None:
    def function() -> None:
        pass

    with pytest.raises(TypeError, match=r"is not a task: write @periodic above @task\."):
        periodic("0 8 * * *")(function)  # type: ignore[type-var]


def test_a_decorator_without_a_line_is_refused() -> None:
    with pytest.raises(TypeError, match=r"write @periodic\('0 8 \* \* \*'\) above @task"):
        periodic(report)  # type: ignore[arg-type]


@task
def needy(context: str, *, page: int) -> None:
    """Needs two arguments: without `takes_context` the first is an ordinary one."""


@task(takes_context=True)
def informed(context: TaskContext, page: int = 1) -> None:
    """Needs none."""


def test_a_task_that_needs_arguments_is_refused() -> None:
    with pytest.raises(
        InvalidTask, match=r"needy' is run without arguments, but requires context, page"
    ):
        periodic("0 8 * * *")(needy)
    periodic("0 8 * * *")(informed)
    assert len(registered_tasks()) == 1


def by_defaults(page: int = 1, **options: object) -> None:
    """A task whose fair key may or may not follow from the defaults."""


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("colour", "the call has no argument 'colour'"),
        ("page.owner", "the path 'page.owner' leads to nothing"),
        (lambda page: page, "the function requires arguments: missing a required argument: 'page'"),
    ],
)
def test_a_task_whose_fair_key_needs_arguments_is_refused(by: Any, message: str) -> None:
    with pytest.raises(InvalidTask, match=rf"is run without arguments; fair_by: .*{message}"):
        periodic("0 8 * * *")(task(fair_by=by)(by_defaults))


@pytest.mark.parametrize("by", ["page", lambda page=1: page, lambda *args, **kwargs: None])
def test_a_task_whose_fair_key_follows_from_defaults_is_registered(by: Any) -> None:
    periodic("0 8 * * *")(task(fair_by=by)(by_defaults))
    assert len(registered_tasks()) == 1


def with_marker(page: int = 1, marker: object = UNWRITABLE) -> None:
    """Of whose defaults one cannot be written as JSON."""


def test_a_unique_task_whose_defaults_cannot_be_compared_is_refused() -> None:
    with pytest.raises(
        InvalidTask, match=r"is run without arguments: Unique compares the arguments of .*marker"
    ):
        periodic("0 8 * * *")(task(unique=Unique())(with_marker))


def test_a_unique_task_whose_function_requires_arguments_is_refused() -> None:
    unique = Unique(by=lambda marker: marker)

    with pytest.raises(InvalidTask, match=r"is run without arguments: Unique\.by: the function re"):
        periodic("0 8 * * *")(task(unique=unique)(with_marker))


@pytest.mark.parametrize("by", ["page", []])
def test_a_unique_task_whose_defaults_can_be_compared_is_registered(by: Any) -> None:
    periodic("0 8 * * *")(task(unique=Unique(by=by))(with_marker))
    assert len(registered_tasks()) == 1


def test_two_tasks_of_one_name_are_refused() -> None:
    periodic("0 8 * * *", name="recap")(report)
    periodic("0 8 * * *", name="recap")(report)
    with pytest.raises(
        InvalidTask,
        match=r"called 'recap', tests\..*\.report at .*sweep",
    ):
        periodic("0 8 * * *", name="recap")(sweep)
    assert [found.task for found in registered_tasks()] == [report]


def test_two_schedules_of_a_task_under_one_name_are_refused() -> None:
    periodic("0 8 * * *")(report)
    with pytest.raises(InvalidTask, match="give one of them another @periodic"):
        periodic("0 20 * * *")(report)


# --- what is due ----------------------------------------------------------------------------------


def hourly(*, catch_up: bool = True) -> PeriodicTask:
    return PeriodicTask(
        name="report", task=report, line="0 * * * *", timezone=UTC, catch_up=catch_up
    )


@pytest.mark.parametrize(
    ("last", "now", "tick"),
    [
        ("08:00", "08:59:59", None),
        ("08:00", "09:00", "09:00"),
        ("08:00", "09:00:00.3", "09:00"),
        ("08:00", "09:40", "09:00"),
        ("08:00", "10:00", "10:00"),
        ("08:00", "17:30", "17:00"),
        ("08:20", "08:59", None),
        ("08:20", "09:00", "09:00"),
        ("08:00", "07:30", None),
        ("08:00", "08:00", None),
    ],
)
def test_the_latest_tick_that_nobody_claimed_is_due(last: str, now: str, tick: str | None) -> None:
    moments = at(f"2026-05-01T{last}"), at(f"2026-05-01T{now}")
    expected = None if tick is None else DueTick(at(f"2026-05-01T{tick}"), run=True)
    assert tick_to_claim(hourly(), *moments) == expected


@pytest.mark.parametrize(
    ("now", "run"),
    [("09:00:00", True), ("09:01:00", True), ("09:01:01", False), ("12:00:30", True)],
)
def test_without_catching_up_a_missed_tick_is_claimed_but_not_run(now: str, run: bool) -> None:
    found = tick_to_claim(hourly(catch_up=False), at("2026-05-01T08:00"), at(f"2026-05-01T{now}"))
    assert found is not None
    assert found.run is run


def test_nothing_is_due_for_a_line_whose_last_tick_was_decades_ago() -> None:
    mondays_on_leap_days = PeriodicTask(name="rare", task=report, line="0 0 29 2 1#5")
    assert tick_to_claim(mondays_on_leap_days, at("2010-01-01"), at("2043-01-01")) is None
