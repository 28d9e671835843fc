"""`manage.py jobs limits`: what is shown of limits and their keys, and what operators change."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.management.base import CommandError

from django_jobs.brokers.base import Broker
from django_jobs.clock import from_ms, now_ms
from django_jobs.jobs.limits import JobLimit
from tests.integration.commands.helpers import Jobs
from tests.support.builders import limited, make_job
from tests.support.driver import Driver, ids

HOUR = 3_600_000
MAIL = JobLimit("mail server", 1)
REPORTS = "shop.tasks.rebuild_report by customer_id"


@pytest.fixture
def worker(broker: Broker) -> Driver:
    """A worker that runs one job of each of three customers, while others wait, one of a rate."""
    worker = Driver(broker, "w1")
    for customer in ("7", "8", "9"):
        limit = JobLimit(REPORTS, 1, value=customer)
        broker.push([limited(f"{customer}{letter}", limit) for letter in "ab"])
    broker.push([limited(f"mail {number}", MAIL) for number in range(3)])
    broker.push([limited(f"api {number}", JobLimit("api", 1, HOUR)) for number in range(2)])
    assert ids(worker.take(20)) == ["7a", "8a", "9a", "mail 0", "api 0"]
    return worker


def test_limits_are_listed_with_what_waits_for_them(jobs: Jobs, worker: Driver) -> None:
    assert jobs("limits").rows[1:] == [
        ["mail server", "1 at once", "active", "2", "1"],
        [REPORTS, "1 at once", "active", "3", "3"],
        ["api", "1 per 3600 s", "active", "1", "1"],
    ]
    assert jobs("limits", "--kind", "rate", "--json").json == [
        {
            "name": "api",
            "kind": "rate",
            "slots": 1,
            "declared_slots": 1,
            "period_ms": HOUR,
            "paused": False,
            "waiting": 1,
            "waiting_keys": 1,
        }
    ]


def test_without_limits_nothing_is_listed(jobs: Jobs, broker: Broker) -> None:
    broker.push([make_job()])
    assert jobs("limits").out == "No job has met a limit yet.\n"
    assert jobs("limits", "--json").json == []


def test_the_keys_of_a_limit_are_listed(jobs: Jobs, worker: Driver) -> None:
    head, *table = jobs("limits", REPORTS).rows
    assert head == [f"{REPORTS}: 1 at once, active"]
    assert table == [
        ["Key", "Slots used", "Waiting jobs", "Next slot", "State"],
        ["7", "1", "1", "–", "active"],
        ["8", "1", "1", "–", "active"],
        ["9", "1", "1", "–", "active"],
    ]
    (limit,) = jobs("limits", REPORTS, "--limit", 1, "--json").json
    assert limit["keys"] == [
        {
            "key": "7",
            "used": 1,
            "running_ids": ["7a"],
            "waiting": 1,
            "waiting_ids": ["7b"],
            "opens_at": None,
            "paused": False,
        }
    ]


@pytest.mark.parametrize("name", ["shop.tasks.rebuild_report", "rebuild_report"])
def test_the_own_limit_of_a_task_is_found_by_the_task(
    jobs: Jobs, worker: Driver, name: str
) -> None:
    assert jobs("limits", name, "--json").json[0]["name"] == REPORTS


def test_keys_are_listed_in_pages(jobs: Jobs, worker: Driver) -> None:
    first = jobs("limits", "rebuild_report", "--limit", 2).out
    assert first.endswith("\n\nThere are more: continue with --offset 2.\n")
    assert jobs("limits", "rebuild_report", "--limit", 2, "--offset", 2).rows[2:] == [
        ["9", "1", "1", "–", "active"]
    ]


def test_keys_are_searched(jobs: Jobs, worker: Driver, broker: Broker) -> None:
    broker.push([limited("89", JobLimit(REPORTS, 1, value="89"))])
    worker.take(1)  # a key for which no job waits
    found = jobs("limits", "rebuild_report", "--text", "8", "--json").json[0]["keys"]
    assert [(key["key"], key["waiting"]) for key in found] == [("8", 1), ("89", 0)]
    assert "No key has this text." in jobs("limits", "rebuild_report", "--text", "x").out


def test_keys_in_use_for_which_no_job_waits_are_listed_as_well(
    jobs: Jobs, worker: Driver, broker: Broker
) -> None:
    broker.push([limited("10", JobLimit(REPORTS, 1, value="10"))])
    worker.take(1)
    jobs("limits", "rebuild_report", "--key", "11", "--pause")
    keys = jobs("limits", "rebuild_report").rows[2:]
    assert keys[3:] == [["10", "1", "0", "–", "active"], ["11", "0", "0", "–", "paused"]]


def test_a_key_is_shown_with_its_jobs(jobs: Jobs, worker: Driver, broker: Broker) -> None:
    broker.push([limited(f"more {number:02}", MAIL) for number in range(10)])
    worker.take(20)
    out = jobs("limits", "mail server", "--key", "").out
    assert "(all jobs)" in out
    assert "Running  mail 0\nWaiting  mail 1\nWaiting  mail 2\nWaiting  more 00\n" in out
    assert out.endswith("Waiting  and 2 more\n")
    assert "0" in jobs("limits", "mail server", "--key", "nobody").rows[2]


def test_the_time_of_the_next_start_of_a_rate_is_shown(jobs: Jobs, worker: Driver) -> None:
    (limit,) = jobs("limits", "api", "--json").json
    opens_at = datetime.fromisoformat(limit["keys"][0]["opens_at"])
    assert timedelta(0) < opens_at - from_ms(now_ms()) <= timedelta(hours=1)
    assert str(opens_at.year) in jobs("limits", "api").rows[2][3]


def test_the_number_of_a_limit_is_set_and_reset(jobs: Jobs, worker: Driver) -> None:
    said = jobs("limits", "mail server", "--set", 2).out
    assert said == "mail server: 2 at once until manage.py jobs limits mail server --reset.\n"
    assert ids(worker.take(5)) == ["mail 1"]
    assert jobs("limits", "--kind", "limit").rows[1][1] == "2 at once (declared: 1)"

    answer = jobs("limits", "mail server", "--reset", "--json").json
    assert (answer["slots"], answer["keys"]) == (1, [])
    jobs("limits", "mail server", "--set", 2)
    assert jobs("limits", "mail server", "--reset").out == (
        "mail server: 1 at once, as the code declares.\n"
    )


def test_a_limit_is_paused_and_resumed(jobs: Jobs, worker: Driver, broker: Broker) -> None:
    assert jobs("limits", "mail server", "--pause").out == (
        "mail server is paused: its jobs wait until --resume. Running jobs go on.\n"
    )
    jobs("limits", "mail server", "--set", 9)
    assert worker.take(5) == ()
    assert jobs("limits").rows[1][:3] == ["mail server", "9 at once (declared: 1)", "paused"]
    assert jobs("limits", "mail server", "--resume").out == "mail server is resumed.\n"
    assert ids(worker.take(5)) == ["mail 1", "mail 2"]


def test_one_key_is_paused_and_resumed(jobs: Jobs, worker: Driver, broker: Broker) -> None:
    said = jobs("limits", "rebuild_report", "--key", "8", "--pause").out
    assert said.startswith(f"key 8 of {REPORTS} is paused")
    assert jobs("limits", "rebuild_report").rows[3] == ["8", "1", "1", "–", "paused"]
    answer = jobs("limits", "rebuild_report", "--key", "8", "--resume", "--json").json
    assert (answer["name"], answer["keys"][0]["paused"]) == (REPORTS, False)


def test_several_limits_of_one_name_are_told_apart_by_kind(
    jobs: Jobs, worker: Driver, broker: Broker
) -> None:
    broker.push([limited("one more", JobLimit("api", 5))])
    worker.take(1)
    assert [one["kind"] for one in jobs("limits", "api", "--json").json] == ["limit", "rate"]
    with pytest.raises(CommandError, match="'api' stands for 2 limits: limit api, rate api"):
        jobs("limits", "api", "--pause")
    jobs("limits", "api", "--kind", "rate", "--pause")
    assert [one["paused"] for one in jobs("limits", "api", "--json").json] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mial server"], "Unknown limit 'mial server'. Did you mean 'mail server'?"),
        (["mail server", "--kind", "rate"], "Unknown limit 'mail server'. Valid: api."),
        (["--pause"], "name the limit, as manage.py jobs limits lists it."),
        (["--key", "7"], "name the limit"),
        (["mail server", "--set", "0"], "give a whole number of at least 1, not '0'"),
        (["mail server", "--set", "many"], "give a whole number of at least 1"),
        (["mail server", "--set", "2", "--key", "7"], "--set holds for all keys of a limit"),
        (["mail server", "--reset", "--key", "7"], "--reset holds for all keys of a limit"),
        (["mail server", "--pause", "--resume"], "not allowed with argument"),
        (["mail server", "--pause", "--watch"], "--watch shows the list: leave out --pause."),
        (["mail server", "--text", "x", "--key", "7"], "--text searches for keys"),
    ],
)
def test_what_means_nothing_is_refused(
    jobs: Jobs, worker: Driver, arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message.replace("?", r"\?")):
        jobs("limits", *arguments)


def test_names_cannot_command_the_terminal(jobs: Jobs, broker: Broker) -> None:
    worker = Driver(broker, "w1")
    hostile = JobLimit("\x1b[2J", 1, value="\x1b[31m")
    broker.push([limited(name, hostile) for name in "ab"])
    worker.take(2)
    for arguments in ([], ["\x1b[2J"], ["\x1b[2J", "--pause", "--key", "\x1b[31m"]):
        assert "\x1b" not in jobs("limits", *arguments).out


def test_jobs_show_and_list_say_for_which_limit_a_job_waits(jobs: Jobs, worker: Driver) -> None:
    assert "for a slot of the limit mail server" in jobs("show", "mail 1").out
    assert "for a slot of the limit shop.tasks.rebuild_report by customer_id, key 7" in (
        jobs("show", "7b").out
    )
    details = jobs("show", "7b", "--json").json
    limit = {"limit": REPORTS, "kind": "limit", "key": "7"}
    assert (details["waits_for"], details["limits"]) == (limit, [limit])
    assert jobs("show", "7a", "--json").json["waits_for"] is None
    assert "waits for a slot of the limit mail server" in jobs("list", "--state", "waiting").out
    assert jobs("list", "--state", "waiting", "--json").json[0]["waits_for"] is not None
