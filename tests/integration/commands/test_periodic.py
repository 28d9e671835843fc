"""`manage.py jobs periodic`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management.base import CommandError

from django_jobs import periodic
from django_jobs.backends import JobBackend
from django_jobs.management.jobs import periodic as listed
from django_jobs.periodic_tasks.registry import isolated_registry
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.driver import claim_tick

NEW_YEAR_2000 = 946_684_800_000


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the periodic tasks of the test."""
    monkeypatch.setattr(listed, "import_task_modules", lambda: None)
    with isolated_registry():
        yield


def test_ticks_are_shown_in_order_of_their_names(jobs: Jobs, redis_backend: JobBackend) -> None:
    periodic("0 8 1 1 *", timezone="Europe/Berlin", name="yearly")(tasks.greet)
    periodic("*/5 * * * *", catch_up=False)(tasks.refuse)
    claim_tick(redis_backend.broker, "yearly", None, NEW_YEAR_2000, None)

    refuse, yearly = jobs("periodic", "--json").json
    assert yearly == {
        "name": "yearly",
        "task": "tests.apps.command_site.tasks.greet",
        "line": "0 8 1 1 *",
        "timezone": "Europe/Berlin",
        "catch_up": True,
        "last": "2000-01-01T00:00:00+00:00",
        "next": yearly["next"],
        "off_since": None,
    }
    assert yearly["next"].endswith("-01-01T07:00:00+00:00")
    assert (refuse["name"], refuse["catch_up"]) == ("tests.apps.command_site.tasks.refuse", False)

    answer = jobs("periodic")
    rows = answer.rows
    assert rows[0] == ["Name", "Schedule", "Time zone", "Last tick", "Next tick", "State"]
    assert rows[1][:4] == ["tests.apps.command_site.tasks.refuse", "*/5 * * * *", "UTC", "–"]
    assert rows[2][:4] == ["yearly", "0 8 1 1 *", "Europe/Berlin", "2000-01-01 00:00:00 UTC"]
    assert answer.err == ""


def test_where_they_do_not_run_it_is_told(jobs: Jobs) -> None:
    periodic("@daily")(tasks.greet)
    answer = jobs("periodic")
    assert len(answer.rows) == 2
    assert answer.err == (
        "These tasks do not run: TASKS['default'] is ThreadPoolBackend, and periodic tasks need a"
        " persistent backend. Set JOB_BACKEND=redis.\n"
    )


def test_none_is_a_sentence(jobs: Jobs) -> None:
    assert jobs("periodic").out == "No periodic tasks are declared for TASKS['default'].\n"
    assert jobs("periodic", "--json").json == []


def test_one_is_switched_off_and_on_again(jobs: Jobs, redis_backend: JobBackend) -> None:
    periodic("@daily", name="report")(tasks.greet)

    said = jobs("periodic", "--off", "report").out
    assert said == "report is off: its ticks pass without a job until you switch it on with --on.\n"
    assert list(redis_backend.broker.inspection.switched_off()) == ["report"]
    assert jobs("periodic").rows[1][-1] == "off"
    assert jobs("periodic", "--json").json[0]["off_since"].endswith("+00:00")

    assert jobs("periodic", "--on", "report", "--json").json == {"name": "report", "off": False}
    assert jobs("periodic").rows[1][-1] == "on"


def test_only_what_is_declared_and_runs_can_be_switched(jobs: Jobs, backend: JobBackend) -> None:
    with pytest.raises(CommandError, match="periodic task 'nothing'"):
        jobs("periodic", "--off", "nothing")
    periodic("@daily", name="report")(tasks.greet)
    if not backend.persistent:
        with pytest.raises(CommandError, match="which runs no periodic tasks"):
            jobs("periodic", "--off", "report")
