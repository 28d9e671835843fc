"""What a starting worker says about its backend, Redis and periodic tasks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils.timezone import now

from django_jobs.backends.base import JobBackend
from tests.support.redis_server import RedisServer
from tests.support.worker_fixtures import Deploy
from tests.support.workers import Site, WorkerProcess

TICK = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+"


def schedule(**lines: str) -> str:
    """The code of a module with periodic tasks."""
    return "from django_jobs import periodic, task\n" + "".join(
        f"\n@periodic({line!r}, name={name!r})\n@task\ndef {name}() -> None:\n    pass\n"
        for name, line in lines.items()
    )


def lines_of(worker: WorkerProcess) -> list[str]:
    """From its backend to how to stop it; before that, the checks of Django may say something."""
    said = worker.said[worker.said.index("TASKS['default'] is ") :].splitlines()
    (end,) = (number for number, line in enumerate(said) if "Stop: Ctrl-C" in line)
    return said[: end + 1]


def test_it_names_the_backend_its_redis_and_the_next_ticks(site: Site, deploy: Deploy) -> None:
    next_year = now().year + 1
    deploy(schedule(yearly="0 0 1 1 *", often="* * * * *"))
    worker = site.start("-c", "3", "-q", "critical:5", "-q", "low")

    first, second, counted, soon, later, last = lines_of(worker)

    place = f"{site.options['url']}, namespace {site.options['namespace']}"
    assert first == f"TASKS['default'] is RedisBackend and keeps jobs in {place}."
    assert second.endswith(" serves critical:5, low:1, by weight.")
    assert counted == "2 periodic tasks:"
    assert re.fullmatch(rf"  {TICK}  often  \(\* \* \* \* \*\)", soon)
    assert re.fullmatch(rf"  {next_year}-01-01 00:00:00 \S+  yearly  \(0 0 1 1 \*\)", later)
    pid = worker.process.pid
    assert last == f"3 threads and up to 500 coroutines. Stop: Ctrl-C or kill -TERM {pid}."


def test_it_lists_a_few_ticks_and_counts_the_others(
    site: Site, deploy: Deploy, backend: JobBackend
) -> None:
    deploy(schedule(**{f"task{number}": f"{number} 0 1 1 *" for number in range(9)}))
    backend.broker.inspection.switch_off("task0")
    backend.broker.inspection.switch_off("no longer there")

    _, _, counted, *rows, more, _ = lines_of(site.start())

    assert counted == "9 periodic tasks, 1 switched off:"
    assert [row.split()[3] for row in rows] == [f"task{number}" for number in range(1, 6)]
    assert more == "  and 3 more: manage.py jobs periodic"


def test_it_says_that_there_are_no_periodic_tasks_or_that_all_are_off(
    site: Site, deploy: Deploy, backend: JobBackend
) -> None:
    deploy("")
    assert "No periodic tasks." in lines_of(site.start())
    deploy(schedule(alone="@daily"))
    backend.broker.inspection.switch_off("alone")
    assert "1 periodic task, 1 switched off." in lines_of(site.start())


@pytest.mark.parametrize("arguments", [[], ["--no-preload"]], ids=["forked", "started"])
def test_several_processes_are_introduced_once_and_are_brief_themselves(
    site: Site, deploy: Deploy, arguments: list[str]
) -> None:
    deploy(schedule(hourly="0 * * * *", yearly="0 0 1 1 *"))
    parent = site.start("--processes", "2", *arguments)
    parent.wait_for("Stop: Ctrl-C", 2)

    first, second, *others = parent.said[parent.said.index("TASKS['default'] is ") :].splitlines()

    assert first.startswith("TASKS['default'] is RedisBackend and keeps jobs in redis://")
    pid = parent.process.pid
    assert second == f"2 worker processes, which kill -TERM {pid} stops."
    # Lines of the two may alternate.
    assert sum("RedisBackend" in line for line in others) == 0
    next_one = re.compile(rf"2 periodic tasks; next: {TICK}  hourly  \(0 \* \* \* \*\)")
    assert sum(bool(next_one.fullmatch(line)) for line in others) == 2
    assert sum(" serves critical:1" in line for line in others) == 2


def test_it_shows_no_password(site: Site, redis_server_factory: Callable[..., RedisServer]) -> None:
    server = redis_server_factory("requirepass hunter2")
    site.options["url"] = server.url.replace("://", "://:hunter2@")
    worker = site.start()
    assert f" and keeps jobs in {server.url}, namespace " in worker.said
    assert "hunter2" not in worker.said


def test_a_socket_is_named_by_its_path(
    site: Site, redis_server_factory: Callable[..., RedisServer]
) -> None:
    url = f"unix://{redis_server_factory().socket}?db=2"
    site.options["url"] = url
    assert f" and keeps jobs in {url}, namespace " in site.start().said
