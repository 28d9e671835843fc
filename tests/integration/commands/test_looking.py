"""What `manage.py jobs` shows of jobs and queues."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.brokers.base import Broker
from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Job, State, Turn
from django_jobs.management.commands.jobs import ELSEWHERE, Command
from django_jobs.management.jobs import SUBCOMMANDS
from django_jobs.tasks.redaction.names import MASK
from django_jobs.tasks.signatures import sign
from django_jobs.testing import run_enqueued
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.builders import limited, make_job, make_jobs, succeeded
from tests.support.driver import Driver

pytestmark = pytest.mark.usefixtures("backend")


def enqueue_one_of_each() -> dict[str, str]:
    """Bring a job into each state that needs no worker; return their ids."""
    ended = {
        "dead": tasks.fail.enqueue().id,
        "retrying": tasks.fail_for_now.enqueue().id,
        "discarded": tasks.refuse.enqueue().id,
        "succeeded": tasks.greet.enqueue().id,
    }
    run_enqueued(raise_errors=False)
    waiting = {
        "queued": tasks.greet.using(queue_name="low", priority=3).enqueue("Bob").id,
        "scheduled": tasks.greet.using(run_after=timedelta(hours=2)).enqueue().id,
    }
    return ended | waiting


def test_stats_counts_every_state(jobs: Jobs) -> None:
    enqueue_one_of_each()
    counted = dict.fromkeys(State, 1) | {State.RUNNING: 0, State.WAITING: 0}

    assert jobs("stats", "--json").json["states"] == counted
    shown = dict(jobs("stats").rows[1:])
    assert {state: int(number) for state, number in shown.items()} == counted


def test_stats_and_queues_tell_what_waits_for_limits(jobs: Jobs, broker: Broker) -> None:
    broker.push([limited(name, JobLimit("mail", 1), queue="mailers") for name in "abc"])
    Driver(broker, "w1").take(3, "mailers")
    answer = jobs("stats", "--json").json
    assert [(one["name"], one["waiting"]) for one in answer["limits"]] == [("mail", 2)]
    waiting = {queue["name"]: queue["waiting"] for queue in answer["queues"]}
    assert waiting == {"critical": 0, "default": 0, "low": 0, "mailers": 2}
    assert jobs("queues").rows[4][:4] == ["mailers", "0", "–", "2"]


def test_stats_tells_of_queues_and_workers(jobs: Jobs) -> None:
    enqueue_one_of_each()
    answer = jobs("stats", "--json").json
    sizes = {queue["name"]: queue["size"] for queue in answer["queues"]}
    assert sizes == {"critical": 0, "default": 0, "low": 1, "mailers": 0}
    assert answer["workers"] == 0
    assert answer["batches"] == answer["workflows"] == {"unfinished": 0}
    assert jobs("stats").out.splitlines()[-1].startswith("0 workers. The next queued job has been")


def test_stats_without_queued_jobs_name_no_next_one(jobs: Jobs) -> None:
    tasks.greet.using(run_after=timedelta(hours=2)).enqueue()
    assert jobs("stats").out.splitlines()[-1].startswith("0 workers. No job is queued. Attempts")


def test_list_shows_jobs_of_all_states_with_what_matters(jobs: Jobs) -> None:
    ids = enqueue_one_of_each()
    rows = jobs("list").rows
    assert rows[0][:4] == ["ID", "State", "Task", "Queue"]
    order = ["queued", "retrying", "scheduled", "dead", "discarded", "succeeded"]
    assert [row[:2] for row in rows[1:]] == [[ids[state], state] for state in order]
    assert rows[1][2:6] == ["tests.apps.command_site.tasks.greet", "low", "3", "0"]
    assert rows[2][-1] == "builtins.ConnectionError"
    assert rows[3][6].startswith("in 1 h 59 min")


@pytest.mark.parametrize(
    "state", ["queued", "retrying", "scheduled", "dead", "discarded", "succeeded"]
)
def test_list_can_show_one_state(jobs: Jobs, state: str) -> None:
    ids = enqueue_one_of_each()
    answer = jobs("list", "--state", state, "--json").json
    assert [(one["id"], one["state"]) for one in answer] == [(ids[state], state)]


def test_list_can_show_one_queue_and_one_task(jobs: Jobs) -> None:
    ids = enqueue_one_of_each()

    def listed(*options: str) -> set[str]:
        return {one["id"] for one in jobs("list", "--json", *options).json}

    assert listed("--queue", "low") == {ids["queued"]}
    assert listed("--task", "tests.apps.command_site.tasks.fail") == {ids["dead"]}
    assert listed("--task", "tasks.refuse") == {ids["discarded"]}
    assert listed("--task", "efuse") == set()
    assert listed("--task", "greet", "--queue", "default") == {ids["scheduled"], ids["succeeded"]}
    assert listed("--task", "greet", "--state", "queued") == {ids["queued"]}


@pytest.mark.parametrize("options", [(), ("--state", "queued"), ("--task", "greet")])
def test_list_comes_in_pages(jobs: Jobs, options: tuple[str, ...]) -> None:
    ids = [tasks.greet.enqueue(str(number)).id for number in range(5)]

    def listed(offset: int) -> list[str]:
        page = jobs("list", "--json", "--limit", 2, "--offset", offset, *options).json
        return [one["id"] for one in page]

    assert listed(0) + listed(2) + listed(4) == ids
    assert listed(6) == []
    assert jobs("list", "--limit", 2, *options).out.endswith(
        "\nThere are more: continue with --offset 2.\n"
    )
    assert "more" not in jobs("list", "--limit", 5, *options).out


def test_an_empty_list_is_a_sentence(jobs: Jobs) -> None:
    tasks.greet.enqueue()
    assert jobs("list", "--state", "dead").out == "No jobs match.\n"
    assert jobs("list", "--state", "dead", "--json").json == []


def test_a_running_job_tells_for_how_long(jobs: Jobs, broker: Broker) -> None:
    job_id = tasks.greet.enqueue().id
    Driver(broker).take_one()
    [row] = jobs("list", "--state", "running").rows[1:]
    assert row[0] == job_id
    assert row[6].startswith("for ")


def test_show_tells_everything_of_a_job(jobs: Jobs) -> None:
    job_id = tasks.fail.using(priority=7).enqueue(reason="no paper").id
    run_enqueued(raise_errors=False)

    answer = jobs("show", job_id)
    assert f"Job          {job_id}\n" in answer.out
    assert "tests.apps.command_site.tasks.fail(reason='no paper')\n" in answer.out
    assert "default, priority 7\n" in answer.out
    assert "dead, 0." in answer.out
    assert "Attempt 1 failed at " in answer.out
    assert answer.out.endswith("RuntimeError: no paper\n")


def test_show_gives_the_same_as_json(jobs: Jobs) -> None:
    job_id = tasks.fail.enqueue(reason="no paper").id
    run_enqueued(raise_errors=False)

    answer = jobs("show", job_id, "--json").json
    assert answer["state"] == "dead"
    assert answer["arguments"] == {"args": [], "kwargs": {"reason": "no paper"}}
    assert answer["error"] == "builtins.RuntimeError"
    [failure] = answer["failures"]
    assert failure["message"] == "no paper"
    assert failure["traceback"].endswith("RuntimeError: no paper\n")


def test_show_tells_the_result(jobs: Jobs) -> None:
    job_id = tasks.greet.enqueue().id
    run_enqueued()
    assert "'Hello, Ada'\n" in jobs("show", job_id).out
    assert jobs("show", job_id, "--json").json["result"] == "Hello, Ada"


def test_show_tells_the_metadata(jobs: Jobs) -> None:
    job_id = tasks.greet.using(metadata={"trace": "kG3x", "_api_token": "hunter2"}).enqueue().id
    assert f'Metadata  {{"trace":"kG3x","_api_token":"{MASK}"}}\n' in jobs("show", job_id).out
    shown = jobs("show", job_id, "--json").json
    assert shown["metadata"] == {"trace": "kG3x", "_api_token": MASK}


def test_a_result_that_is_not_ours_can_be_looked_at(jobs: Jobs, broker: Broker) -> None:
    job_id = tasks.greet.enqueue().id
    worker = Driver(broker)
    worker.settle(succeeded(worker.take_one(), result='{"$bomb": 1}'))
    assert 'cannot be read: {"$bomb":1}\n' in jobs("show", job_id).out
    assert jobs("show", job_id, "--json").json["result"] == {"$bomb": 1}


def test_what_others_wrote_cannot_command_the_terminal(jobs: Jobs, broker: Broker) -> None:
    job_id = tasks.fail.enqueue(reason="\x1b[2J\u202eevil").id
    run_enqueued(raise_errors=False)
    out = jobs("show", job_id).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[2J\\u202eevil" in out


@pytest.mark.parametrize("arguments", ["not json", '{"$bomb": 1}', "[[], {}, 3]"])
def test_a_job_that_is_not_ours_can_be_looked_at(
    jobs: Jobs, broker: Broker, arguments: str
) -> None:
    job = Job(
        id=new_job_id(),
        task="gone.tasks.greet",
        queue="default",
        priority=0,
        arguments=arguments,
        enqueued_at=0,
    )
    broker.push([job])
    assert f"arguments that can't be read: {arguments}\n" in jobs("show", job.id).out
    assert "arguments" in jobs("show", job.id, "--json").json
    assert jobs("list").rows[1][2] == "gone.tasks.greet"


def test_queues_lists_fair_keys(jobs: Jobs, broker: Broker) -> None:
    for number in range(22):
        broker.push(make_jobs(number + 1, queue="low", turn=Turn(f"c{number}"), priority=3))
    broker.push(make_jobs(30, queue="low", turn=Turn("https://me:hidden@example.com"), priority=3))
    out = jobs("queues").out
    assert "The longest lines in low:" in out
    assert ["c21", "3", "22"] in [line.split() for line in out.splitlines()]
    assert "hidden" not in out
    shown = {queue["name"]: queue["fair_keys"] for queue in jobs("queues", "--json").json}
    assert shown["low"][1] == {"key": "c21", "priority": 3, "rounds": 22}
    assert MASK in shown["low"][0]["key"]
    assert len(shown["low"]) == 20
    assert shown["mailers"] == []


def test_show_names_the_fair_key(jobs: Jobs, broker: Broker) -> None:
    job = make_job(turn=Turn("c7", 2))
    broker.push([job])
    assert "Fair key  c7, weight 2" in jobs("show", job.id).out
    answer = jobs("show", job.id, "--json").json
    assert (answer["fair_key"], answer["fair_weight"]) == ("c7", 2)


def test_queues_shows_those_of_the_settings_and_those_with_jobs(jobs: Jobs, broker: Broker) -> None:
    tasks.greet.using(queue_name="low").enqueue()
    broker.inspection.pause("mailers")
    rows = jobs("queues").rows
    assert [row[:2] for row in rows[1:]] == [
        ["critical", "0"],
        ["default", "0"],
        ["low", "1"],
        ["mailers", "0"],
    ]
    assert rows[4][-1] == "paused"
    shown = {queue["name"]: queue for queue in jobs("queues", "--json").json}
    assert shown["mailers"]["paused"] is True
    assert shown["low"]["latency_ms"] >= 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "nope"), "There is no job 'nope', or it is no longer kept."),
        (("list", "--queue", "defalt"), "Unknown queue 'defalt'. Did you mean 'default'?"),
        (("list", "--backend", "other"), "Unknown alias of TASKS 'other'."),
        (("list", "--limit", "0"), "give a whole number of at least 1, not '0'."),
        (("list", "--offset", "-1"), "give a whole number of at least 0, not '-1'."),
        (("list", "--state", "lost"), "invalid choice: 'lost'"),
        (("lsit",), "invalid choice: 'lsit'"),
        ((), "SUBCOMMAND"),
    ],
)
def test_an_unusable_argument_is_explained(
    jobs: Jobs, backend: JobBackend, arguments: tuple[str, ...], sentence: str
) -> None:
    tasks.greet.enqueue()
    with pytest.raises(CommandError) as refused:
        jobs(*arguments)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("given", "meant"), [("ls", "list"), ("lsit", "list"), ("ps", "workers"), ("doktor", "doctor")]
)
def test_an_unknown_subcommand_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str], given: str, meant: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "jobs", given, "--state", "dead"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"Unknown subcommand '{given}'. Did you mean '{meant}'? Valid: work, ")


def test_names_of_other_command_lines_stand_for_subcommands() -> None:
    names = {subcommand.name for subcommand in SUBCOMMANDS}
    assert set(ELSEWHERE.values()) <= names
    assert not names & set(ELSEWHERE)


def test_show_and_list_hide_what_the_dashboard_hides(jobs: Jobs) -> None:
    paid = tasks.charge.enqueue("DE02-1203").id
    failed = tasks.charge.enqueue("DE02-1203", note="refused").id
    run_enqueued(raise_errors=False)

    for job_id in (paid, failed):
        for options in ((), ("--json",)):
            assert "DE02-1203" not in jobs("show", job_id, *options).out
    assert (
        f"tests.apps.command_site.tasks.charge('{MASK}', note='refused')\n"
        in jobs("show", failed).out
    )
    assert jobs("show", paid, "--json").json["result"] == f"paid to {MASK}"
    assert jobs("show", failed, "--json").json["failures"][0]["message"] == f"no account {MASK}"
    assert jobs("list", "--json", "--text", "1203").json == []
    assert [one["id"] for one in jobs("list", "--json", "--text", "REFUSED").json] == [failed]


def test_what_is_hidden_chooses_no_jobs_to_change(jobs: Jobs) -> None:
    tasks.charge.enqueue("DE02-1203", note="refused")
    run_enqueued(raise_errors=False)
    which = ("--all", "--state", "dead", "--no-input", "--text")

    with pytest.raises(CommandError, match="No dead jobs match, so none was deleted"):
        jobs("delete", *which, "1203")
    assert jobs("delete", *which, "refused").out == "1 job deleted.\n"


def test_nothing_is_imported_for_the_name_of_a_job(jobs: Jobs, broker: Broker) -> None:
    name = "tests.apps.registered.untouched.greet"
    job = make_job(task=name, signature=sign(name))
    broker.push([job])

    assert name in jobs("show", job.id).out
    assert job.id in jobs("list").out

    assert "tests.apps.registered.untouched" not in sys.modules
