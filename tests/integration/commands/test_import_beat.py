"""`jobs import-beat` prints the schedule of a Celery app as periodic tasks."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from celery.schedules import BaseSchedule, crontab, schedule
from django.core.management.base import CommandError

from django_jobs import periodic, task
from django_jobs.periodic_tasks.cron import CronSchedule
from django_jobs.periodic_tasks.registry import isolated_registry
from tests.integration.commands.helpers import Jobs

Schedule = Callable[..., None]


class AtSunset(BaseSchedule):  # type: ignore[misc]
    """A schedule of a site's own."""

    def __repr__(self) -> str:
        return "<at sunset>"


@pytest.fixture
def beat() -> Iterator[Schedule]:
    """Set the schedule of the current app of Celery, whose time zone is that of the tests."""
    before = current_app._get_current_object()  # noqa: SLF001
    app = Celery("shop", set_as_current=True)

    def plan(timezone: str = "Europe/Berlin", **entries: Any) -> None:
        app.conf.update(beat_schedule=entries, timezone=timezone)

    yield plan
    before.set_current()


def line_of(jobs: Jobs, beat: Schedule, when: Any) -> tuple[str | None, str]:
    beat(a={"task": "shop.tasks.work", "schedule": when})
    [entry] = jobs("import-beat", "--json").json
    return entry["line"], entry["problem"]


@pytest.mark.parametrize(
    ("when", "line"),
    [
        (crontab(), "* * * * *"),
        (crontab(minute=0, hour="7,19"), "0 7,19 * * *"),
        (crontab(minute="*/15", day_of_week="mon-fri"), "*/15 * * * mon-fri"),
        (crontab(minute="0", hour="*/3,8-17", month_of_year="1, 7"), "0 */3,8-17 * 1,7 *"),
        (crontab(minute=30, hour=1, day_of_month=[1, 15]), "30 1 1,15 * *"),
        (timedelta(seconds=1), "* * * * * */1"),
        (10, "* * * * * */10"),
        (30.0, "* * * * * */30"),
        (schedule(timedelta(minutes=1)), "*/1 * * * *"),
        (timedelta(minutes=20), "*/20 * * * *"),
        (timedelta(hours=6), "0 */6 * * *"),
        (timedelta(days=1), "0 0 * * *"),
    ],
)
def test_schedules_become_cron_lines_that_periodic_takes(
    jobs: Jobs, beat: Schedule, when: Any, line: str
) -> None:
    assert line_of(jobs, beat, when) == (line, "")
    CronSchedule.parse(line, "UTC")


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        (timedelta(minutes=7), "every 0:07:00 divides no"),
        (timedelta(days=7), "divides no minute"),
        (0.5, "divides no minute"),
        (0, "divides no minute"),
        (AtSunset(), "no cron line says the same as <at sunset>"),
        (crontab(day_of_month="1-7", day_of_week="mon"), "both the day of the month and the day"),
    ],
)
def test_what_no_cron_line_says_has_a_reason(
    jobs: Jobs, beat: Schedule, when: Any, problem: str
) -> None:
    line, reason = line_of(jobs, beat, when)
    assert line is None
    assert problem in reason


def test_the_source_declares_periodic_tasks(jobs: Jobs, beat: Schedule) -> None:
    beat(
        timezone="Asia/Tokyo",
        **{
            "clean-up": {"task": "shop.tasks.clean_up", "schedule": crontab(minute=0, hour=4)},
            "greet the team": {
                "task": "shop.tasks.greet",
                "schedule": timedelta(minutes=5),
                "args": ("Ada",),
                "kwargs": {"loud": True},
                "options": {"queue": "low", "expires": 60},
            },
            "greet": {
                "task": "shop.tasks.greet",
                "schedule": crontab(minute=0),
                "args": ("Bob",),
                "options": {"expires": timedelta(minutes=2)},
            },
            "odd": {"task": "news.tasks.fetch", "schedule": timedelta(minutes=7)},
        },
    )
    answer = jobs("import-beat")
    assert (
        answer.out
        == """\
# news/tasks.py
from django_jobs import periodic, task


# odd (news.tasks.fetch): every 0:07:00 divides no minute, hour or day.


# shop/tasks.py
from django_jobs import periodic, task


@periodic("0 4 * * *", timezone="Asia/Tokyo", name="clean-up")
@task
def clean_up() -> None: ...  # the task as it is


@periodic("0 * * * *", timezone="Asia/Tokyo", name="greet")
@task(expires=120.0)
def greet_periodically() -> None:
    greet.enqueue('Bob')


# every 0:05:00, counted from midnight instead of from the start of beat
@periodic("*/5 * * * *", name="greet the team")
@task(queue_name="low", expires=60)
def greet_the_team() -> None:
    greet.enqueue('Ada', loud=True)
"""
    )
    assert "No cron line says the same as: odd." in answer.err


def test_the_source_can_be_imported(jobs: Jobs, beat: Schedule) -> None:
    beat(
        nightly={"task": "shop.tasks.work", "schedule": crontab(hour=3, minute=0)},
        other={"task": "shop.tasks.work", "schedule": 30, "kwargs": {"x": "it's"}},
    )
    with isolated_registry():
        names = {"__name__": "shop.tasks", "periodic": periodic, "task": task}
        exec(jobs("import-beat").out, names)  # noqa: S102 - it is ours
    assert {"work", "other"} <= set(names)


def test_an_empty_schedule_says_where_it_was_looked_for(jobs: Jobs, beat: Schedule) -> None:
    beat()
    with pytest.raises(CommandError, match="It comes from beat_schedule of the site's Celery app"):
        jobs("import-beat")


def test_without_celery_it_says_where_to_run_it(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without_celery(name: str, *rest: Any, **more: Any) -> Any:
        if name == "celery":
            raise ImportError("No module named 'celery'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_celery)
    with pytest.raises(CommandError, match=r"Celery can't be imported .*environment of the site"):
        jobs("import-beat")
