"""The commands page of the documentation agrees with the parsers and the output."""

from __future__ import annotations

from argparse import Action, ArgumentParser
from collections.abc import Iterator

import pytest
from django.core.management import load_command_class

from django_jobs import Batch
from django_jobs.backends import JobBackend
from django_jobs.jobs.limits import JobLimit
from django_jobs.testing import run_enqueued
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.builders import limited
from tests.support.driver import Driver
from tests.support.paths import ROOT
from tests.support.waiting import DEADLINE

PAGE = ROOT / "docs" / "reference" / "commands.md"
OF_DJANGO = {"help", "version", "verbosity", "settings", "pythonpath", "traceback"}
OF_DJANGO |= {"no_color", "force_color", "skip_checks"}
OF_ALL = {"backend", "json"}
OF_VIEWS = {"watch", "interval"}


def parser_of(command: str) -> ArgumentParser:
    return load_command_class("django_jobs", command).create_parser("manage.py", command)


def subparsers() -> dict[str, ArgumentParser]:
    [action] = [one for one in parser_of("jobs")._actions if one.dest == "subcommand"]  # noqa: SLF001
    assert isinstance(action.choices, dict)
    return action.choices


def own_actions(parser: ArgumentParser) -> Iterator[Action]:
    """The arguments that are ours."""
    for action in parser._actions:  # noqa: SLF001
        if action.dest not in OF_DJANGO:
            yield action


def row(action: Action) -> str:
    """An argument as a row of a table."""
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    names = [f"`{option}{value}`" for option in action.option_strings]
    if not names:
        names = [f"`{action.metavar}{'…' if action.nargs == '*' else ''}`"]
    text = (action.help or "") % {"default": action.default}
    return f"| {', '.join(names)} | {text} |"


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    text = PAGE.read_text().partition(f"\n{heading}\n")[2]
    assert text, f"{PAGE.name} has no {heading!r}"
    return text.partition("\n#")[0].strip()


def rows(heading: str) -> list[str]:
    return [line for line in section(heading).splitlines() if line.startswith("| `")]


def keys(heading: str) -> list[str]:
    """The names in the first column of a table."""
    return [line.split("`")[1] for line in rows(heading)]


def test_runworker_is_described_with_all_its_options() -> None:
    assert rows("## runworker") == [row(action) for action in own_actions(parser_of("runworker"))]


def test_work_has_the_options_of_runworker() -> None:
    ours = [row(action) for action in own_actions(subparsers()["work"])]
    assert ours == [row(action) for action in own_actions(parser_of("runworker"))]


def test_every_subcommand_is_described_in_this_order() -> None:
    headings = [
        line.removeprefix("### jobs ")
        for line in PAGE.read_text().splitlines()
        if line.startswith("### jobs ")
    ]
    assert headings == list(subparsers())


@pytest.mark.parametrize("name", [name for name in subparsers() if name != "work"])
def test_a_subcommand_is_described_with_all_its_options(name: str) -> None:
    parser = subparsers()[name]
    assert section(f"### jobs {name}").startswith(str(parser.description))
    own = [row(action) for action in own_actions(parser) if action.dest not in OF_ALL | OF_VIEWS]
    assert rows(f"### jobs {name}") == own


def test_what_all_subcommands_share_is_described_once() -> None:
    shared = [row(one) for one in own_actions(subparsers()["stats"]) if one.dest in OF_ALL]
    assert rows("## jobs") == shared


def test_the_options_of_live_views_are_described_once() -> None:
    names = ("stats", "list", "show", "queues", "limits", "batches", "workers", "periodic")
    for name in names:
        own = [row(one) for one in own_actions(subparsers()[name]) if one.dest in OF_VIEWS]
        assert rows("### Live view") == own


@pytest.fixture
def failed_job(redis_backend: JobBackend) -> str:
    """The id of a job that failed, while a worker runs another one."""
    failed = tasks.fail.enqueue()
    run_enqueued(raise_errors=False)
    running = tasks.greet.enqueue()
    worker = Driver(redis_backend.broker)
    worker.take_one()
    worker.heartbeat(running=((running.id, 0),))
    return failed.id


def test_the_keys_of_a_job_are_those_on_the_page(jobs: Jobs, failed_job: str) -> None:
    details = jobs("show", failed_job, "--json").json
    summary = jobs("list", "--json").json[0]
    assert keys("### A job") == list(summary)
    assert keys("### Details of a job") == [key for key in details if key not in summary]
    assert keys("### A failure") == list(details["failures"][0])


def test_the_keys_of_all_else_are_those_on_the_page(
    jobs: Jobs, failed_job: str, redis_backend: JobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keys("### A queue") == list(jobs("queues", "--json").json[0])
    redis_backend.broker.push([limited("a", JobLimit("mail", 1))])
    Driver(redis_backend.broker).take(1)
    (limit,) = jobs("limits", "mail", "--json").json
    assert [*keys("### A limit"), "keys"] == list(limit)
    assert keys("### A key of a limit") == list(limit["keys"][0])
    with Batch():
        pass
    assert keys("### A batch") == list(jobs("batches", "--json").json[0])
    assert keys("### A worker") == list(jobs("workers", "--json").json[0])
    assert keys("### A periodic task") == list(jobs("periodic", "--json").json[0])
    assert keys("### Statistics") == list(jobs("stats", "--json").json)
    assert keys("### Health") == list(jobs("check", "--json").json)
    monkeypatch.setattr("django_jobs.management.jobs.liveness.LIMIT", DEADLINE)
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    Driver(redis_backend.broker, "a").heartbeat(started_at=0, host="here")
    assert keys("### Liveness") == list(jobs("check", "--live", "--json").json)
    diagnosis = jobs("doctor", "--json").json
    assert keys("### Diagnosis") == list(diagnosis)


def test_the_keys_of_a_finding_are_those_on_the_page(jobs: Jobs, redis_backend: JobBackend) -> None:
    redis_backend.broker.inspection.pause("not-yet")
    (finding,) = jobs("doctor", "--json").json["left"]
    assert keys("### A finding") == list(finding)
