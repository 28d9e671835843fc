"""A page of the dashboard reads no more than it shows, or says how far it looked."""

from __future__ import annotations

from statistics import median
from time import perf_counter

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from django_jobs.brokers.inspection.finder import REACH
from tests.robustness.load.brokers import MANY, TIMED, Loaded

LONGEST = 0.150
"""Seconds of server time for the slowest page."""

RUNS = 15
MOST_COMMANDS = 3 * REACH
"""What a search may cost: a look at each job of its reach, and at its last error."""

JOBS = reverse("django_jobs_dashboard:jobs")
BULK = reverse("django_jobs_dashboard:bulk")

READ_FROM_AN_INDEX = {
    "overview": reverse("django_jobs_dashboard:overview"),
    "jobs": JOBS,
    "jobs of a state": f"{JOBS}?state=queued",
    "queues": reverse("django_jobs_dashboard:queues"),
    "workers": reverse("django_jobs_dashboard:workers"),
    "metrics": reverse("django_jobs_dashboard:metrics"),
    "all to be deleted": f"{BULK}?do=delete&state=queued",
}
SEARCHED = {
    "a task that is everywhere": f"{JOBS}?task=ship",
    "a task that is nowhere": f"{JOBS}?task=nothing",
    "an error that is nowhere": f"{JOBS}?error=Nothing",
    "a text that is everywhere": f"{JOBS}?text=notify",
    "a text that is nowhere": f"{JOBS}?text=nothing",
    "a queue among all states": f"{JOBS}?queue=default",
    "a count of what matches": f"{BULK}?do=delete&task=ship",
}

Loads = tuple[Loaded, Loaded]


@pytest.fixture
def visitor(settings: Settings, db: None) -> Client:
    """Somebody who may see everything."""
    settings.JOB_DASHBOARD = {"USERNAME": "a", "PASSWORD": "b", "ALLOW_HTTP": True}
    return Client(headers={"Authorization": "Basic YTpi"})


def look(visitor: Client, settings: Settings, loaded: Loaded, path: str) -> tuple[int, int]:
    """Open a page of the site whose jobs are there, and return what that cost Redis."""
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.RedisBackend",
            "QUEUES": ["critical", "default", "mailers", "low"],
            "OPTIONS": {"url": loaded.url},
        }
    }

    def get(_: Loaded) -> None:
        assert visitor.get(path).status_code == 200

    get(loaded)  # which loads its scripts
    return loaded.work(get)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", READ_FROM_AN_INDEX)
def test_a_page_takes_the_same_work_with_many_jobs(
    name: str, loads: Loads, visitor: Client, settings: Settings
) -> None:
    path = READ_FROM_AN_INDEX[name]

    few, many = loads

    before, work, after = (look(visitor, settings, loaded, path)[0] for loaded in (few, many, few))

    # One more period of the metrics may have begun in the meantime.
    assert work in {before, after}, f"commands: {before} with few jobs, {work} with many"
    in_time(name, path, visitor)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SEARCHED)
def test_a_search_looks_no_further_than_it_says(
    name: str, loads: Loads, visitor: Client, settings: Settings
) -> None:
    path = SEARCHED[name]

    commands, _ = look(visitor, settings, loads[1], path)

    assert commands < MOST_COMMANDS
    in_time(name, path, visitor)


def in_time(name: str, path: str, visitor: Client) -> None:
    """Measure a page, where times are compared."""
    if not TIMED:
        return
    times = []
    for _ in range(RUNS):
        began = perf_counter()
        visitor.get(path)
        times.append(perf_counter() - began)
    print(f"{name}: {median(times) * 1000:.1f} ms with {MANY:,} jobs")
    assert median(times) < LONGEST
